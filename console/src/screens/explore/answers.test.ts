import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Answers, BATCH } from "./answers";
import type { ListedImage } from "./requests";

function image(id: string, analyzedAt = "1"): ListedImage {
  const results = [{ stage: "detect", analyzedAt, summary: "", label: null, score: null, objects: 1 }];
  return { id, key: null, state: "Analyzed", receivedAt: null, at: "", image: null, results, failures: [] };
}

function result(imageId: string, label = "cat") {
  return {
    imageId,
    stage: "detect",
    predictions: [{ label, score: 1, box: { x: 0, y: 0, width: 1, height: 1 } }],
  };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("what is in view is read once, in batches, when scrolling has ended", async () => {
  const asked: number[] = [];
  const answers = new Answers(async (ids) => {
    asked.push(ids.length);
    return ids.map((id) => result(id));
  });
  const images = Array.from({ length: BATCH + 10 }, (_, index) => image(`i${index}`));
  for (let first = 0; first < 10; first++) answers.look([image(`passed-${first}`)]);
  answers.look(images);
  await vi.advanceTimersByTimeAsync(1_000);
  answers.look(images);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual([BATCH, 10]);
  expect(images.every((one) => answers.of(one)[0]?.marks[0]?.label === "cat")).toBe(true);
  expect(answers.of(image("passed-0"))).toEqual([]);
});

test("an image that is analysed again is read again, and one without a result is not", async () => {
  const fetchResults = vi.fn(async (ids: readonly string[]) => ids.map((id) => result(id)));
  const answers = new Answers(fetchResults);
  for (const one of [image("i"), image("i", "2"), { ...image("waits"), results: [] }]) {
    answers.look([one]);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(fetchResults.mock.calls.map(([ids]) => ids)).toEqual([["i"], ["i"]]);
});

test("an image whose result is too large to be drawn here is not asked for again", async () => {
  const fetchResults = vi.fn(async () => [null, "hostile", { imageId: 7 }]);
  const answers = new Answers(fetchResults);
  for (let turn = 0; turn < 2; turn++) {
    answers.look([image("i")]);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(fetchResults).toHaveBeenCalledTimes(1);
  expect(answers.of(image("i"))).toEqual([]);
});

test("answers in memory are bounded", async () => {
  const answers = new Answers(async (ids) => ids.map((id) => result(id)));
  const all = Array.from({ length: 2_000 }, (_, index) => image(`i${index}`));
  for (let first = 0; first < all.length; first += 40) {
    answers.look(all.slice(first, first + 40));
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(all.filter((one) => answers.of(one).length > 0)).toHaveLength(600);
});
