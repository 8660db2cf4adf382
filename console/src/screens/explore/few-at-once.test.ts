import { expect, test } from "vitest";
import { fewMore } from "./few-at-once";

test("the first of what is missing are added, and what is no longer wanted is dropped", () => {
  expect(fewMore(new Set([1, 2, 3]), [3, 4, 5, 6], 2)).toEqual(new Set([3, 4, 5]));
});

test("with everything rendered, nothing changes", () => {
  const rendered = new Set([1, 2, 3]);
  expect(fewMore(rendered, [2, 3], 2)).toBe(rendered);
});
