import { expect, test } from "vitest";
import { fromLocalInput, localInput, positionOf, spanNamed, ticks, timeAt } from "./time-axis";

const HOUR = { from: Date.parse("2026-11-26T12:07:00Z"), to: Date.parse("2026-11-26T13:07:00Z") };

test("a position is a time and back", () => {
  const half = timeAt(HOUR, 0.5);
  expect(new Date(half).toISOString()).toBe("2026-11-26T12:37:00.000Z");
  expect(positionOf(HOUR, half)).toBe(0.5);
  expect([positionOf(HOUR, 0), timeAt(HOUR, 7)]).toEqual([0, HOUR.to]);
});

test("ticks are whole units of time, and not too many", () => {
  const found = ticks(HOUR, 6).map((at) => new Date(at).toISOString().slice(14, 16));
  expect(found).toEqual(["15", "30", "45", "00"]);
  const days = ticks({ from: HOUR.from, to: HOUR.from + 7 * 86_400_000 }, 8);
  expect(days).toHaveLength(7);
});

test("a time survives an input", () => {
  expect(fromLocalInput(localInput("2026-11-26T12:07:31.000Z"))).toBe("2026-11-26T12:07:31.000Z");
  expect([fromLocalInput(""), localInput(undefined)]).toEqual([undefined, ""]);
});

test("an unknown span is all", () => {
  expect([spanNamed("1h"), spanNamed("1y"), spanNamed(null)]).toEqual(["1h", "all", "all"]);
});
