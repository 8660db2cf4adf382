import { expect, test } from "vitest";
import { ago, bytes, clock, count, counted, duration, durationTicks, rate, rateTicks, short } from "./format";

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

test.each([
  [0, "0/s"],
  [0.001, "0.1/min"],
  [0.5, "30.0/min"],
  [1, "1.0/s"],
  [49.6, "50/s"],
  [12_345, "12.3K/s"],
] as const)("%f in a second are %s", (value, text) => expect(rate(value)).toBe(text));

test("one is singular", () =>
  expect([counted(1, "image"), counted(1_200, "image")]).toEqual(["1 image", "1,200 images"]));

test("what is not known is said", () => {
  const formats = [count, short, rate, bytes, duration, clock, ago];
  expect(formats.map((format) => format(null))).toEqual(formats.map(() => "unknown"));
});

test("a time has its date unless that is today", () => {
  const noon = new Date("2026-11-26T12:00:00Z");
  expect(clock("2026-11-26T11:59:58Z", noon)).toMatch(/^\d\d:\d\d:58$/);
  expect(clock("2026-11-20T11:59:58Z", noon)).toMatch(/^2026-11-20 \d\d:\d\d:58$/);
  expect(ago("2026-11-26T11:59:58Z", noon)).toBe("2.0 s ago");
});

test("an axis has one unit", () => {
  expect(rateTicks([0, 0.5, 1, 1.5])).toEqual(["0", "0.5/s", "1/s", "1.5/s"]);
  expect(rateTicks([0, 0.02, 0.04])).toEqual(["0", "1.2/min", "2.4/min"]);
  expect(rateTicks([0, 10_000, 20_000])).toEqual(["0", "10K/s", "20K/s"]);
  expect(durationTicks([0, 50, 100])).toEqual(["0", "50 ms", "100 ms"]);
  expect(durationTicks([0, 2_500, 5_000])).toEqual(["0", "2.5 s", "5 s"]);
});
