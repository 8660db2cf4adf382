import { expect, test } from "vitest";
import { type Box, layout } from "./layout";

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

test.each([1, 2, 7])("no two of the boxes of %d stages overlap, and all are inside", (stages) => {
  const names = Array.from({ length: stages }, (_, index) => `stage-${index}`);
  const { boxes, edges, width, height } = layout(names, 960);
  for (const [index, box] of boxes.entries()) {
    expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height).toBe(true);
    expect(boxes.slice(index + 1).filter((other) => overlap(box, other))).toEqual([]);
  }
  expect(edges).toHaveLength(1 + 3 * stages);
});

test("dead letters leave a stage by an edge of their own", () => {
  const failed = layout(["detect"], 960).edges.filter((edge) => edge.failed);
  expect(failed.map((edge) => [edge.from, edge.to])).toEqual([["stage:detect", "dead-letters:detect"]]);
});
