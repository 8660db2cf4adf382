import { expect, test } from "vitest";
import { EventParser } from "./events";

test("an event is complete at its empty line, wherever the pieces of the stream end", () => {
  const stream = ': heartbeat\n\nid: a1\nevent: batch\ndata: {"a":\r\ndata:1}\r\n\r\ndata: x\n\n';
  for (let size = 1; size < stream.length; size++) {
    const parser = new EventParser();
    const pieces = stream.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
    expect(pieces.flatMap((piece) => parser.push(piece))).toEqual([
      { event: "batch", data: '{"a":\n1}', id: "a1" },
      { event: "message", data: "x", id: "a1" },
    ]);
  }
});

test("an event without data is none, and an unknown field is ignored", () => {
  expect(new EventParser().push("event: batch\n\nretry: 7\nfoo\ndata\n\n")).toEqual([
    { event: "message", data: "", id: "" },
  ]);
});
