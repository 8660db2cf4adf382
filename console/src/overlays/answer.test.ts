import { expect, test } from "vitest";
import { MOST_MARKS, readAnswer } from "./answer";
import { shownText } from "./text";

const IMAGE = { width: 480, height: 320, format: "jpeg" };
const BOX = { x: 10, y: 20, width: 30, height: 40 };

function answerOf(fields: object) {
  return readAnswer({ stage: "detect", image: IMAGE, ...fields });
}

test("a detection has marks with boxes", () => {
  const predictions = [{ label: "person", index: 0, score: 0.91, box: BOX }];
  const answer = answerOf({ outputType: "Detection", predictions });
  expect(answer?.marks).toEqual([
    { label: "person", score: 0.91, box: { ...BOX, angle: 0 }, mask: null, keypoints: [] },
  ]);
  expect([answer?.width, answer?.height, answer?.facts]).toEqual([480, 320, []]);
});

test("an oriented box keeps its angle, an instance its mask, a pose its keypoints", () => {
  const mask = { size: [320, 480], counts: "084" };
  const keypoints = [
    { x: 1, y: 2, name: "nose", score: 0.5 },
    { x: 3, y: 4 },
    { x: "5", y: 6 },
  ];
  const predictions = [{ label: "a", score: 1, box: { ...BOX, angle: 30 }, mask, keypoints }];
  const mark = answerOf({ outputType: "Keypoints", predictions })?.marks[0];
  expect(mark?.box?.angle).toBe(30);
  expect(mark?.mask).toEqual(mask);
  expect(mark?.keypoints).toEqual([
    { x: 1, y: 2, name: "nose", score: 0.5 },
    { x: 3, y: 4, name: null, score: 1 },
  ]);
});

test.each([
  [{ outputType: "Classification", predictions: [{ label: "three", score: 0.98 }] }, "three"],
  [{ outputType: "Segmentation", classes: [{ label: "road", fraction: 0.431 }] }, "road 43 %"],
  [{ outputType: "Text", text: { text: "EXIT", score: 0.9 } }, "“EXIT”"],
  [{ outputType: "Text", text: { text: "", score: 0 } }, "no text"],
  [{ outputType: "Anomaly", anomaly: { score: 0.93, anomalous: true } }, "anomalous"],
  [{ outputType: "Embedding", embedding: [0.1, 0.2, 0.3] }, "embedding of 3 numbers"],
  [
    { outputType: "Tensor", tensor: { name: "y", dtype: "float32", shape: [1, 10], data: [] } },
    "y float32 1x10",
  ],
])("an answer about the whole image is a fact: %j", (fields, text) => {
  expect(answerOf(fields)?.facts[0]?.text).toBe(text);
});

test("the pixels of an anomaly are a mark", () => {
  const anomaly = { score: 0.9, anomalous: true, mask: { size: [320, 480], counts: "084" } };
  expect(answerOf({ outputType: "Anomaly", anomaly })?.marks[0]?.mask?.size).toEqual([320, 480]);
});

test("a huge result is bounded, and says how much is left out", () => {
  const predictions = Array.from({ length: 20_000 }, () => ({
    label: "x".repeat(10_000),
    score: 0.5,
    box: BOX,
  }));
  const answer = answerOf({ outputType: "Detection", predictions });
  expect([answer?.marks.length, answer?.more]).toEqual([MOST_MARKS, 20_000 - MOST_MARKS]);
  expect(answer?.marks[0]?.label.length).toBe(80);
});

test.each([
  null,
  7,
  "text",
  [],
  {},
  { predictions: null },
  { predictions: [null, 3, "x", { label: {}, score: "1", box: [] }] },
  { predictions: [{ label: "a", score: Number.NaN, box: { x: Infinity, y: 0, width: -1, height: 0 } }] },
  {
    outputType: "InstanceSegmentation",
    predictions: [{ label: "a", box: BOX, mask: { size: "big", counts: 7 } }],
  },
  { classes: [{ label: null, fraction: null, mask: { size: [1], counts: "" } }] },
  { anomaly: {}, image: { width: "480" } },
])("a hostile document is read without an error: %j", (document) => {
  expect(() => readAnswer(document)).not.toThrow();
});

test.each([
  ["<script>alert(1)</script>", "<script>alert(1)</script>"], // text, wherever it is shown
  ["a\u202Eb\u0000c\n d", "a b c d"],
  ["", "?"],
  [undefined, "?"],
  ["\u200b\u2028", "?"],
  ["🐕".repeat(200), `${"🐕".repeat(79)}…`],
])("text is shown in one line, without marks that reorder it: %j", (text, shown) => {
  expect(shownText(text)).toBe(shown);
});
