import { expect, test } from "vitest";
import { type Answer, MOST_MARKS, readAnswer } from "./answer";
import { fitted } from "./chips";
import { draw, type Options } from "./draw";
import { opacities } from "./masks";
import { contain } from "./view";

const LARGE: Options = { threshold: 0, compact: false };
const CHARACTER = 7;

/** What was drawn: the texts with their positions, and how many boxes. */
function drawn(answers: readonly Answer[], options = LARGE, frame = { width: 960, height: 640 }) {
  const texts: { text: string; left: number; right: number; top: number }[] = [];
  let boxes = 0;
  const context = new Proxy(
    {
      measureText: (text: string) => ({ width: CHARACTER * [...text].length }),
      fillText: (text: string, left: number, top: number) =>
        texts.push({ text, left, right: left + CHARACTER * [...text].length, top }),
      strokeRect: () => {
        boxes += 0.5; // each twice: the edge, then the colour
      },
    } as unknown as CanvasRenderingContext2D,
    { get: (target, name) => Reflect.get(target, name) ?? (() => {}), set: () => true },
  );
  draw(context, answers, contain({ width: 480, height: 320 }, frame), options);
  return { texts, boxes };
}

function detection(...predictions: [label: string, score: number, x?: number, y?: number][]): Answer[] {
  const data = {
    stage: "detect",
    image: { width: 480, height: 320 },
    outputType: "Detection",
    predictions: predictions.map(([label, score, x = 100, y = 100]) => {
      return { label, score, box: { x, y, width: 50, height: 40 } };
    }),
  };
  const answer = readAnswer(data);
  return answer ? [answer] : [];
}

test("a box has its label and score, above it", () => {
  const { texts, boxes } = drawn(detection(["person", 0.914]));
  expect([boxes, texts.map((one) => one.text)]).toEqual([1, ["person 0.91"]]);
  expect(texts[0]?.top).toBeLessThan(200);
});

test("the threshold and the chosen label leave out the others", () => {
  const answers = detection(["person", 0.9], ["dog", 0.8], ["person", 0.3]);
  expect(drawn(answers, { ...LARGE, threshold: 0.5 }).texts.length).toBe(2);
  expect(drawn(answers, { ...LARGE, label: "dog" }).texts.map((one) => one.text)).toEqual(["dog 0.80"]);
});

test("a thumbnail has few labels, without scores", () => {
  const predictions = Array.from({ length: 30 }, (_, index): [string, number] => [`object ${index}`, 0.9]);
  const { texts, boxes } = drawn(detection(...predictions), { threshold: 0, compact: true });
  expect([boxes, texts.length]).toEqual([30, 6]);
  expect(texts.at(-1)?.text).toBe("object 0"); // the best, drawn last
});

test("a label stays inside the picture, wherever its box is and however long it is", () => {
  const corners = [
    [-40, -40],
    [470, 310],
    [0, 0],
    [479, 0],
  ] as const;
  const answers = detection(
    ...corners.map(([x, y]): [string, number, number, number] => ["w".repeat(5_000), 1, x, y]),
  );
  for (const { left, right, top } of drawn(answers).texts) {
    expect(left).toBeGreaterThanOrEqual(0);
    expect(right).toBeLessThanOrEqual(960);
    expect(top).toBeGreaterThan(0);
    expect(top).toBeLessThan(640);
  }
});

test("a hostile label is drawn as text, and a huge result is bounded", () => {
  expect(drawn(detection(["<img src=x onerror=alert(1)>\u202e", 1])).texts[0]?.text).toBe(
    "<img src=x onerror=alert(1)> 1.00",
  );
  const many = Array.from({ length: 100_000 }, (): [string, number] => ["x", 0.5]);
  const { texts, boxes } = drawn(detection(...many));
  expect([boxes, texts.length]).toEqual([MOST_MARKS, 80]);
});

test("of a classification the best class is drawn, of an embedding nothing", () => {
  const common = { stage: "classify", image: { width: 480, height: 320 } };
  const predictions = [
    { label: "three", score: 0.98 },
    { label: "eight", score: 0.01 },
  ];
  const classes = readAnswer({ ...common, outputType: "Classification", predictions });
  const embedding = readAnswer({ ...common, outputType: "Embedding", embedding: [1, 2, 3] });
  const answers = [classes, embedding].filter((one) => one !== null);
  expect(drawn(answers).texts.map((one) => one.text)).toEqual(["three 0.98"]);
});

test("a text that is too long keeps its beginning", () => {
  const context = { measureText: (text: string) => ({ width: [...text].length }) as TextMetrics };
  expect(fitted(context, "Rotterdam", 9)).toBe("Rotterdam");
  expect(fitted(context, "Rotterdam", 5)).toBe("Rott…");
  expect(fitted(context, "🐕🐕🐕🐕", 2)).toBe("🐕…");
});

test("the edge of a mask is more opaque than its inside, and the rest is clear", () => {
  const pixels = Uint8Array.from([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0]);
  const alpha = opacities({ width: 4, height: 3, pixels }).filter((_, index) => index % 4 === 3);
  expect([...alpha]).toEqual([96, 96, 235, 0, 96, 96, 235, 0, 96, 96, 235, 0]);
});
