import { expect, test } from "vitest";
import { bytes, counted, duration } from "./format";

test.each([
  [0, "0 B"],
  [1023, "1,023 B"],
  [32_261, "31.5 KiB"],
  [5 * 2 ** 20, "5 MiB"],
] as const)("%i bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

test.each([
  [0.522, "0.52 ms"],
  [48.2, "48 ms"],
  [1_234, "1.2 s"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [300_000_000, "3 days"],
] as const)("%f ms are %s", (value, text) => expect(duration(value)).toBe(text));

test("one is singular", () =>
  expect([counted(1, "image"), counted(1_200, "image")]).toEqual(["1 image", "1,200 images"]));
