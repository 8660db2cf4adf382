import { expect, test } from "vitest";
import { rasterize, runs } from "./rle";

const CIRCLE =
  "gnV2S1f=>D:F:G8I6I8I6J6K4K6K4K6K4L4L4L4L4L4M2M4L4M2M4M2M4M2M4M2N2M4M2N2M4M2N2N2N2N2N2M4M2N2N2N2N2N2O0O2N2N2N2N2N2N2O0O2N2N2O0O2N2N2O0O2N2O0O2N2O0O2N2O0O2O0O2N2O0O2O0O2O0O2O0O2O0O2O0O2O000O2O0O2O000O2O0O2O000O2O000O2O00000O2O000O2O00000O2O0000000O2O0000000O2O00000000000O2O00000000000000000000000000000000000000000000000000000000000000000001N1000000000001N100000001N100000001N1000001N10001N1000001N10001N10001N101N10001N101N10001N101N101N101N101N101N101N2N101N101N2N101N2N101N2N101N2N2N101N2N2N101N2N2N2N2N2N2N101N2N2N2N2N2N3L3N2N2N2N2N2N3L3N2N3L3N2N3L3N3L3N3L3N3L4L3N3L4L4L4L4L4L5J5L5J5L5J6J7H7J7H9F:F<B`lh2";

/** Rows of the raster as text. */
function rows(size: [number, number], counts: string, side = 1_000): string[] {
  const raster = rasterize({ size, counts }, side);
  if (!raster) return [];
  return Array.from({ length: raster.height }, (_, row) =>
    [...raster.pixels.subarray(row * raster.width, (row + 1) * raster.width)].join(""),
  );
}

// Made with pycocotools 2.0: mask.encode(numpy.asfortranarray(pixels)).
test.each([
  ["empty", [3, 4], "<", ["0000", "0000", "0000"]],
  ["full", [3, 4], "0<", ["1111", "1111", "1111"]],
  ["a rectangle", [4, 5], "92203", ["00000", "00110", "00110", "00000"]],
  ["three pixels", [5, 5], "01;000", ["10000", "00000", "00100", "00000", "00001"]],
  [
    "noise",
    [6, 7],
    "031N040L0040M0010OO052",
    ["1110010", "1100000", "1111110", "0100101", "1100001", "0001001"],
  ],
  [
    "counts of two characters",
    [40, 3],
    "W1W1Z1",
    [
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "010",
      "000",
      "100",
    ],
  ],
] as [string, [number, number], string, string[]][])(
  "a mask of pycocotools: %s",
  (_, size, counts, expected) => {
    expect(rows(size, counts)).toEqual(expected);
  },
);

test("a circle of pycocotools has its area", () => {
  const raster = rasterize({ size: [480, 640], counts: CIRCLE }, 1_000);
  expect(raster?.pixels.reduce((sum, pixel) => sum + pixel, 0)).toBe(70661);
});

test("a mask is sampled if it is larger than asked for", () => {
  expect(rows([4, 4], "084").length).toBe(4);
  const raster = rasterize({ size: [4_000, 6_000], counts: "0" }, 500);
  expect([raster?.width, raster?.height]).toEqual([500, 334]);
});

test.each(["\u0000", "ÿ", "~~~~", "oooooooooooo", "1".repeat(100_000), "OO"])(
  "a hostile mask ends: %#",
  (counts) => {
    expect([...runs(counts)].every((run) => run >= 0)).toBe(true);
    expect(rasterize({ size: [8, 8], counts }, 100)?.pixels.length).toBe(64);
  },
);

test.each([
  [0, 4],
  [-1, 4],
  [Number.NaN, 4],
  [1e9, 1e9],
] as [number, number][])("a size of %j has no pixels", (...size) => {
  expect(rasterize({ size, counts: "0" }, 100)).toBeNull();
});
