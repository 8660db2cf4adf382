/** What a stage found in an image, ready to be drawn: checked, bounded, the same for every type of output.
 *
 * Coordinates are pixels of the upright image, from its upper left corner.
 */

import type { Mask } from "./rle";
import { shownText } from "./text";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  /** Degrees, clockwise, about the centre. */
  angle: number;
}

export interface Keypoint {
  x: number;
  y: number;
  name: string | null;
  score: number;
}

/** Something at a position in the image: an object, or the pixels of a class. */
export interface Mark {
  label: string;
  score: number;
  box: Box | null;
  mask: Mask | null;
  keypoints: readonly Keypoint[];
}

/** Something about the whole image. `label` is null for text, whose colour means nothing. */
export interface Fact {
  label: string | null;
  text: string;
  score: number | null;
  tone: "plain" | "good" | "bad";
  /** Whether it says something about the picture; the size of a vector does not, nor does the second best class. */
  drawn: boolean;
}

export interface Answer {
  stage: string;
  type: string;
  width: number;
  height: number;
  marks: readonly Mark[];
  facts: readonly Fact[];
  /** How many marks are not in `marks`, because a picture with all of them would be neither quick nor clear. */
  more: number;
}

export const MOST_MARKS = 500;
const MOST_FACTS = 20;
const MOST_KEYPOINTS = 200;
const MOST_MASK_CHARACTERS = 2_000_000;

type Fields = Record<string, unknown>;

/** The answer in the data of an analyzed event; null if it has no form that is known. */
export function readAnswer(data: unknown): Answer | null {
  const event = fields(data);
  if (!event) return null;
  const image = fields(event.image);
  const answer = {
    stage: shownText(event.stage),
    type: typeof event.outputType === "string" ? event.outputType : "",
    width: number(image?.width) ?? 0,
    height: number(image?.height) ?? 0,
    marks: [],
    facts: [],
    more: 0,
  };
  if (Array.isArray(event.predictions))
    return { ...answer, ...readPredictions(event.predictions, answer.type) };
  if (Array.isArray(event.classes)) return { ...answer, ...readClasses(event.classes) };
  const facts = readFacts(event);
  return facts && { ...answer, facts, marks: readAnomalyMark(event) };
}

function readPredictions(predictions: unknown[], type: string): Pick<Answer, "marks" | "facts" | "more"> {
  const all = predictions.map(fields).filter((one) => one !== null);
  if (!all.some((one) => fields(one.box))) {
    const most = type === "Classification" || type === "" ? 5 : MOST_FACTS;
    return {
      marks: [],
      facts: all.slice(0, most).map((one, rank) => labelFact(one, rank === 0 || type === "MultiLabel")),
      more: Math.max(0, all.length - most),
    };
  }
  const marks = all.slice(0, MOST_MARKS).map((one) => ({
    label: shownText(one.label),
    score: number(one.score) ?? 0,
    box: readBox(one.box),
    mask: readMask(one.mask),
    keypoints: Array.isArray(one.keypoints) ? readKeypoints(one.keypoints) : [],
  }));
  return { marks, facts: [], more: all.length - marks.length };
}

function readClasses(classes: unknown[]): Pick<Answer, "marks" | "facts" | "more"> {
  const all = classes.map(fields).filter((one) => one !== null);
  const marks = all.slice(0, MOST_MARKS).map((one) => ({
    label: shownText(one.label),
    score: number(one.fraction) ?? 0,
    box: null,
    mask: readMask(one.mask),
    keypoints: [],
  }));
  const facts = marks.slice(0, MOST_FACTS).map(({ label, score }) => {
    return {
      label,
      text: `${label} ${Math.round(score * 100)} %`,
      score,
      tone: "plain" as const,
      drawn: true,
    };
  });
  return { marks, facts, more: all.length - marks.length };
}

function readFacts(event: Fields): Fact[] | null {
  const [text, anomaly, tensor] = [fields(event.text), fields(event.anomaly), fields(event.tensor)];
  if (text) {
    const line = text.text === "" ? "no text" : `“${shownText(text.text, 300)}”`;
    return [{ label: null, text: line, score: number(text.score), tone: "plain", drawn: true }];
  }
  if (anomaly) {
    const anomalous = anomaly.anomalous === true;
    const tone = anomalous ? "bad" : "good";
    return [
      {
        label: null,
        text: anomalous ? "anomalous" : "normal",
        score: number(anomaly.score),
        tone,
        drawn: true,
      },
    ];
  }
  if (Array.isArray(event.embedding)) {
    return [
      {
        label: null,
        text: `embedding of ${event.embedding.length} numbers`,
        score: null,
        tone: "plain",
        drawn: false,
      },
    ];
  }
  if (tensor) {
    const shape = Array.isArray(tensor.shape) ? tensor.shape.slice(0, 8).join("x") : "";
    const text = shownText(`${tensor.name} ${tensor.dtype} ${shape}`);
    return [{ label: null, text, score: null, tone: "plain", drawn: false }];
  }
  return null;
}

function labelFact(one: Fields, drawn: boolean): Fact {
  const label = shownText(one.label);
  return { label, text: label, score: number(one.score), tone: "plain", drawn };
}

function readBox(value: unknown): Box | null {
  const box = fields(value);
  const [x, y, width, height] = [number(box?.x), number(box?.y), number(box?.width), number(box?.height)];
  if (x === null || y === null || width === null || height === null || width < 0 || height < 0) return null;
  return { x, y, width, height, angle: number(box?.angle) ?? 0 };
}

function readMask(value: unknown): Mask | null {
  const mask = fields(value);
  const [height, width] = Array.isArray(mask?.size) ? mask.size.map(number) : [];
  if (!height || !width || typeof mask?.counts !== "string") return null;
  return mask.counts.length <= MOST_MASK_CHARACTERS ? { size: [height, width], counts: mask.counts } : null;
}

function readKeypoints(points: unknown[]): Keypoint[] {
  const found: Keypoint[] = [];
  for (const point of points.slice(0, MOST_KEYPOINTS).map(fields)) {
    const [x, y] = [number(point?.x), number(point?.y)];
    if (x === null || y === null) continue;
    const name = typeof point?.name === "string" ? shownText(point.name) : null;
    found.push({ x, y, name, score: number(point?.score) ?? 1 });
  }
  return found;
}

/** The anomalous pixels, drawn like the pixels of a class. */
function readAnomalyMark(event: Fields): Mark[] {
  const anomaly = fields(event.anomaly);
  const mask = readMask(anomaly?.mask);
  return mask
    ? [{ label: "anomalous", score: number(anomaly?.score) ?? 0, box: null, mask, keypoints: [] }]
    : [];
}

function fields(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
