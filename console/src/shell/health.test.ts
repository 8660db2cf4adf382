import { expect, test } from "vitest";
import { sentence } from "./health";

const FINE = { name: "store", ok: true, message: "writable", required: true };

test("nothing is said while all is well, or if what is away is not required", () => {
  expect(sentence([])).toBe("");
  expect(sentence([FINE, { name: "topics", ok: false, message: "missing", required: false }])).toBe("");
});

test("what is away is named", () => {
  const kafka = { name: "kafka 127.0.0.1:9092", ok: false, message: "not reachable", required: true };
  expect(sentence([FINE, kafka])).toMatch(/^Kafka is away\./);
  expect(sentence([{ ...FINE, ok: false, message: "disk full" }])).toBe("store: disk full");
});
