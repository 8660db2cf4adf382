import { expect, test } from "vitest";
import type { Batch, LiveResult } from "../../api/live/protocol";
import { type Filter, MOST_AT_ONCE, MOST_TILES, untilTick, Wall } from "./wall";

const ALL: Filter = { stage: "", label: "", minScore: 0 };
/** Ticks of a whole second and of the half after it. */
const WHOLE = Date.UTC(2026, 10, 26) + 50;
const HALF = WHOLE + 500;

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
  wall.tick(WHOLE);
  expect(wall.tiles.map((tile) => tile.id)).toEqual(["b", "a"]);
  expect(wall.counts).toEqual({ seen: 2, shown: 2, skipped: 0, unmatched: 0 });
});

test("the answers of two stages are one tile, whether they come together or not", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("a", "classify"), result("a", "embed")));
  wall.tick(WHOLE);
  wall.take(batch(result("a", "check"), result("b")));
  wall.tick(WHOLE);
  expect(wall.tiles.map((tile) => [tile.id, tile.answers.map((answer) => answer.stage)])).toEqual([
    ["b", ["classify"]],
    ["a", ["classify", "embed", "check"]],
  ]);
  expect(wall.counts.shown).toBe(4);
});

test("an image that is analysed again has its newest answer", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("a")));
  wall.tick(WHOLE);
  wall.take(batch(result("a", "classify", "eight")));
  wall.tick(WHOLE);
  expect(wall.tiles[0]?.answers.map((answer) => answer.facts[0]?.label)).toEqual(["eight"]);
});

test("more than can be looked at is skipped, and counted", () => {
  const wall = new Wall(ALL);
  wall.take(batch(...many(50)));
  wall.tick(WHOLE);
  expect(wall.tiles.map((tile) => tile.id)).toEqual(
    many(MOST_AT_ONCE, 50 - MOST_AT_ONCE)
      .map((one) => one.id)
      .reverse(),
  );
  expect(wall.counts).toEqual({ seen: 50, shown: MOST_AT_ONCE, skipped: 50 - MOST_AT_ONCE, unmatched: 0 });
});

/** How many images each tick shows, while each half second brings so many. */
function shown(ticks: number, ...came: number[]): number[] {
  const wall = new Wall(ALL);
  return Array.from({ length: ticks }, (_, tick) => {
    const before = wall.counts.shown;
    wall.take(batch(...many(came[Math.min(tick, came.length - 1)] ?? 0, tick * 100)));
    const isDrawn = wall.tick(tick % 2 === 0 ? WHOLE : HALF);
    expect(isDrawn).toBe(wall.waiting === 0);
    return wall.counts.shown - before;
  });
}

test("while many come, the newest are shown once a second", () => {
  expect(shown(7, 25)).toEqual([12, 0, 6, 0, 6, 0, 6]);
  expect(shown(11, 4)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4, 0, 6]);
});

test("few are shown at the next tick, all of them", () => {
  expect(shown(8, 3)).toEqual([3, 3, 3, 3, 3, 3, 3, 3]);
  expect(shown(8, 0, 0, 0, 12, 1)).toEqual([0, 0, 0, 12, 1, 1, 1, 1]);
  expect(shown(7, 25, 0, 0, 7, 0)).toEqual([12, 0, 0, 7, 0, 0, 0]);
});

test("answers of images that are on the wall need no room", () => {
  const wall = new Wall(ALL);
  wall.take(batch(...many(50)));
  wall.tick(WHOLE);
  wall.take(batch(...wall.tiles.map((tile) => result(tile.id, "check"))));
  expect(wall.tick(HALF)).toBe(true);
  expect(wall.counts).toEqual({ seen: 62, shown: 24, skipped: 38, unmatched: 0 });
});

test("while it is paused the newest wait, and all of them are shown afterwards", () => {
  const wall = new Wall(ALL);
  for (let second = 0; second < 20; second++) wall.take(batch(...many(50, second * 50)));
  expect(wall.waiting).toBe(MOST_TILES);
  wall.showAll();
  expect([wall.tiles.length, wall.tiles[0]?.id]).toEqual([MOST_TILES, "image-999"]);
  expect(wall.counts).toEqual({ seen: 1000, shown: MOST_TILES, skipped: 940, unmatched: 0 });
  expect(isComplete(wall)).toBe(true);
});

test("what the service dropped was seen and skipped", () => {
  const wall = new Wall(ALL);
  wall.take({ ...batch(result("a")), dropped: 7 });
  wall.tick(WHOLE);
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
  wall.tick(WHOLE);
  expect(wall.tiles.map((tile) => tile.id)).toEqual(["a"]);
  expect(wall.counts).toEqual({ seen: 5, shown: 1, skipped: 0, unmatched: 4 });
});

test("an image that failed is shown with its reason", () => {
  const wall = new Wall(ALL);
  const failure = { pipeline: "demo/digits", id: "f", stage: "classify", reason: "DecodeError", message: "" };
  wall.take({ results: [], failures: [{ ...failure, failedAt: null, partition: 0, offset: 0 }], dropped: 0 });
  wall.tick(WHOLE);
  expect(wall.tiles[0]?.failures).toEqual([{ stage: "classify", reason: "DecodeError" }]);
});

test("images from before are shown behind the new ones, and not counted", () => {
  const wall = new Wall(ALL);
  wall.take(batch(result("new"), result("both")));
  wall.tick(WHOLE);
  wall.prefill([result("both"), result("old"), ...many(100)]);
  expect(wall.tiles.slice(0, 4).map((tile) => tile.id)).toEqual(["both", "new", "old", "image-0"]);
  expect([wall.tiles.length, wall.counts.seen]).toEqual([MOST_TILES, 2]);
});

test("all pages tick at the same times, between two batches of the service", () => {
  const day = 20_000 * 86_400_000;
  const next = (ms: number) => ms + untilTick(day + ms);
  expect([50, 51, 299, 301, 549].map(next)).toEqual([550, 550, 550, 1050, 1050]);
});
