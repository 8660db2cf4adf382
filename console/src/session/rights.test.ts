import { expect, test } from "vitest";
import { missingOf, sentence } from "./rights";

test("the rights that somebody needs and has not", () => {
  expect(missingOf(["Read", "ReadDeadLetters"], ["Read", "Submit"])).toEqual(["ReadDeadLetters"]);
  expect(missingOf(["Submit"], ["Submit"])).toEqual([]);
});

test("what somebody may not do is said in a sentence", () => {
  expect(sentence("alice", ["Submit"])).toBe("alice may not send images here.");
  expect(sentence("alice", ["Read", "ReadDeadLetters"])).toBe(
    "alice may not see images and results or see dead letters here.",
  );
});
