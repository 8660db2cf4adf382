import { expect, test } from "vitest";
import type { Batch, LiveResult } from "../../api/live/protocol";
import { type Filter, MOST_ADDED, MOST_TILES, untilTick, Wall } from "./wall";

const ALL: Filter = { stage: "", label: "", minScore: 0 };

function result(id: string, stage = "classify", label = "three", score = 0.9): LiveResult {
  const data = {
    stage,
    image: { width: 8, height: 8 },
    outputType: "Classification",
    predictions: [{ label, score }],
  };
  return { pipeline: "demo/digits", id, stage, analyzedAt: "2026-11-26T12:00:00.000Z", summary: label, data };
}

/** A batch, given oldest first; the service sends the newest first. */
function batch(...results: LiveResult[]): Batch {
  return { results: results.toReversed(), failures: [], dropped: 0 };
}

function isComplete(wall: Wall): boolean {
  const { seen, shown, skipped, unmatched } = wall.counts;
  return wall.waiting === 0 && seen === shown + skipped + unmatched;
}

function many(number: number, from = 0): LiveResult[] {
  return Array.from({ length: number }, (_, index) => result(`image-${from + index}`));
}

test("images are shown, the newest first", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("a"), result("b")));
  expect([wall.tiles.length, wall.waiting]).toEqual([0, 2]);
  wall.tick();
  expect(wall.tiles.map((tile) => tile.id)).toEqual(["b", "a"]);
  expect(wall.counts).toEqual({ seen: 2, shown: 2, skipped: 0, unmatched: 0 });
});

test("the answers of two stages are one tile, whether they come together or not", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("a", "classify"), result("a", "embed")));
  wall.tick();
  wall.take(batch(result("a", "check"), result("b")));
  wall.tick();
  expect(wall.tiles.map((tile) => [tile.id, tile.answers.map((answer) => answer.stage)])).toEqual([
    ["b", ["classify"]],
    ["a", ["classify", "embed", "check"]],
  ]);
  expect(wall.counts.shown).toBe(4);
});

test("an image that is analysed again has its newest answer", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("a")));
  wall.tick();
  wall.take(batch(result("a", "classify", "eight")));
  wall.tick();
  expect(wall.tiles[0]?.answers.map((answer) => answer.facts[0]?.label)).toEqual(["eight"]);
});

test("more than can be looked at is skipped, and counted", () => {
  const wall = new Wall(ALL);
  wall.take(batch(...many(50)));
  wall.tick();
  expect(wall.tiles.map((tile) => tile.id)).toEqual(
    many(MOST_ADDED, 44)
      .map((one) => one.id)
      .reverse(),
  );
  expect(wall.counts).toEqual({ seen: 50, shown: MOST_ADDED, skipped: 50 - MOST_ADDED, unmatched: 0 });
});

test("while it is paused the newest wait, and all of them are shown afterwards", () => {
  const wall = new Wall(ALL);
  for (let second = 0; second < 20; second++) wall.take(batch(...many(50, second * 50)));
  expect(wall.waiting).toBe(MOST_TILES);
  wall.tick(true);
  expect([wall.tiles.length, wall.tiles[0]?.id]).toEqual([MOST_TILES, "image-999"]);
  expect(wall.counts).toEqual({ seen: 1000, shown: MOST_TILES, skipped: 940, unmatched: 0 });
  expect(isComplete(wall)).toBe(true);
});

test("what the service dropped was seen and skipped", () => {
  const wall = new Wall(ALL);
  wall.take({ ...batch(result("a")), dropped: 7 });
  wall.tick();
  expect(wall.counts).toEqual({ seen: 8, shown: 1, skipped: 7, unmatched: 0 });
});

test("the filter leaves out, and the counter says so", () => {
  const wall = new Wall({ stage: "classify", label: "three", minScore: 0.5 });
  const failure = { pipeline: "demo/digits", id: "f", stage: "classify", reason: "DecodeError", message: "" };
  const failures = [{ ...failure, failedAt: null, partition: 0, offset: 0 }];
  const results = [
    result("a"),
    result("b", "embed"),
    result("c", "classify", "eight"),
    result("d", "classify", "three", 0.4),
  ];
  wall.take({ results, failures, dropped: 0 });
  wall.tick();
  expect(wall.tiles.map((tile) => tile.id)).toEqual(["a"]);
  expect(wall.counts).toEqual({ seen: 5, shown: 1, skipped: 0, unmatched: 4 });
});

test("an image that failed is shown with its reason", () => {
  const wall = new Wall(ALL);
  const failure = { pipeline: "demo/digits", id: "f", stage: "classify", reason: "DecodeError", message: "" };
  wall.take({ results: [], failures: [{ ...failure, failedAt: null, partition: 0, offset: 0 }], dropped: 0 });
  wall.tick();
  expect(wall.tiles[0]?.failures).toEqual([{ stage: "classify", reason: "DecodeError" }]);
});

test("images from before are shown behind the new ones, and not counted", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("new"), result("both")));
  wall.tick();
  wall.prefill([result("both"), result("old"), ...many(100)]);
  expect(wall.tiles.slice(0, 4).map((tile) => tile.id)).toEqual(["both", "new", "old", "image-0"]);
  expect([wall.tiles.length, wall.counts.seen]).toEqual([MOST_TILES, 2]);
});

test("all pages tick at the same times, between two batches of the service", () => {
  const day = 20_000 * 86_400_000;
  const next = (ms: number) => ms + untilTick(day + ms);
  expect([50, 51, 299, 301, 549].map(next)).toEqual([550, 550, 550, 1050, 1050]);
});
