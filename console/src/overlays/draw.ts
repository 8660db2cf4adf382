/** Draws answers on a canvas that lies over the picture. */

import type { Answer, Fact, Mark } from "./answer";
import { chipHeight, drawChip } from "./chips";
import { pictureColour } from "./colour";
import { drawMask } from "./masks";
import { limbs } from "./skeleton";
import { shownScore } from "./text";
import type { View } from "./view";

export interface Options {
  /** Marks and facts with a lower score are left out. */
  threshold: number;
  /** Draw only marks and facts of this label. */
  label?: string | null;
  /** For thumbnails: fewer and smaller labels, without scores. */
  compact: boolean;
}

const MOST_LABELS = { compact: 6, large: 80 };
const MOST_MASKS = 60;
const MOST_CHIPS = { compact: 2, large: 8 };
const EDGE = "rgb(10 9 8 / 60%)";
const KEYPOINT_SCORE = 0.3;
const TONES = { plain: "#f4f1ea", good: "oklch(0.84 0.13 155)", bad: "oklch(0.78 0.14 15)" } as const;

/** Draw `answers` in CSS pixels; the context is scaled to those of the device. */
export function draw(
  context: CanvasRenderingContext2D,
  answers: readonly Answer[],
  view: View,
  options: Options,
): void {
  const shown = answers.flatMap((answer) => answer.marks.filter((mark) => isShown(mark, options)));
  const masks = shown.filter((mark) => mark.mask).slice(0, MOST_MASKS);
  for (const { mask, label } of masks) if (mask) drawMask(context, mask, pictureColour(label), view);
  // The best are drawn last, above the others.
  for (const mark of shown.toReversed()) drawShape(context, mark, view, options);
  const labelled = shown
    .filter((mark) => mark.box)
    .slice(0, options.compact ? MOST_LABELS.compact : MOST_LABELS.large);
  for (const mark of labelled.toReversed()) drawLabel(context, mark, view, options);
  const facts = answers
    .flatMap((answer) => answer.facts)
    .filter((fact) => fact.drawn && isShown(fact, options));
  drawFacts(context, facts, view, options);
}

/** Whether a threshold and a chosen label leave something in. What has no score always stays. */
export function isShown(
  { score, label }: { score: number | null; label: string | null },
  options: Options,
): boolean {
  if (options.label && label !== null && label !== options.label) return false;
  return score === null || score >= options.threshold;
}

function drawShape(context: CanvasRenderingContext2D, mark: Mark, view: View, { compact }: Options): void {
  const colour = pictureColour(mark.label);
  const width = compact ? 1.5 : 2;
  if (mark.box) {
    const { box } = mark;
    context.save();
    context.translate(
      view.left + (box.x + box.width / 2) * view.scale,
      view.top + (box.y + box.height / 2) * view.scale,
    );
    context.rotate((box.angle * Math.PI) / 180);
    const [w, h] = [Math.max(2, box.width * view.scale), Math.max(2, box.height * view.scale)];
    strokeTwice(context, colour, width, () => context.strokeRect(-w / 2, -h / 2, w, h));
    context.restore();
  }
  const seen = mark.keypoints.filter((point) => point.score >= KEYPOINT_SCORE);
  const at = ({ x, y }: { x: number; y: number }) =>
    [view.left + x * view.scale, view.top + y * view.scale] as const;
  strokeTwice(context, colour, width, () => {
    context.beginPath();
    for (const [from, to] of limbs(seen)) {
      context.moveTo(...at(from));
      context.lineTo(...at(to));
    }
    context.stroke();
  });
  for (const point of seen) {
    context.beginPath();
    context.arc(...at(point), compact ? 2 : 3.5, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 1;
    context.strokeStyle = EDGE;
    context.stroke();
  }
}

/** A line of the colour with a dark edge, so that it is seen on bright and on dark pictures. */
function strokeTwice(
  context: CanvasRenderingContext2D,
  colour: string,
  width: number,
  stroke: () => void,
): void {
  context.lineJoin = "round";
  context.strokeStyle = EDGE;
  context.lineWidth = width + 2;
  stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  stroke();
}

function drawLabel(context: CanvasRenderingContext2D, mark: Mark, view: View, { compact }: Options): void {
  if (!mark.box) return;
  const size = compact ? 11 : 12.5;
  const text = compact ? mark.label : `${mark.label} ${shownScore(mark.score)}`;
  const [x, y] = upperLeft(mark.box, view);
  const above = y - chipHeight(size);
  drawChip(context, { text, colour: pictureColour(mark.label) }, [x - 1, above < 0 ? y : above], view, size);
}

/** The corner of the box that is furthest up, as it is drawn. */
function upperLeft({ x, y, width, height, angle }: NonNullable<Mark["box"]>, view: View): [number, number] {
  const turn = (angle * Math.PI) / 180;
  const corners = [
    [-width / 2, -height / 2],
    [width / 2, -height / 2],
    [-width / 2, height / 2],
    [width / 2, height / 2],
  ].map(([dx = 0, dy = 0]) => [
    x + width / 2 + dx * Math.cos(turn) - dy * Math.sin(turn),
    y + height / 2 + dx * Math.sin(turn) + dy * Math.cos(turn),
  ]);
  const [left = 0, top = 0] = corners.reduce((a, b) => ((b[1] ?? 0) < (a[1] ?? 0) ? b : a));
  return [view.left + left * view.scale, view.top + top * view.scale];
}

/** Facts stand at the lower edge of the drawing, below the picture if it leaves room there. */
function drawFacts(
  context: CanvasRenderingContext2D,
  facts: readonly Fact[],
  view: View,
  { compact }: Options,
): void {
  const size = compact ? 11 : 13;
  const margin = compact ? 6 : 10;
  const shown = facts.slice(0, compact ? MOST_CHIPS.compact : MOST_CHIPS.large);
  const frame = { width: view.width - margin, height: view.height };
  const left = Math.max(margin, view.left + margin);
  const step = chipHeight(size) + 3;
  shown.forEach((fact, index) => {
    const isShare = fact.label !== null && fact.text !== fact.label; // the share is in the text
    const text = fact.score === null || isShare ? fact.text : `${fact.text} ${shownScore(fact.score)}`;
    const colour = fact.label === null ? TONES[fact.tone] : pictureColour(fact.label);
    drawChip(
      context,
      { text, colour },
      [left, view.height - margin - (shown.length - index) * step],
      frame,
      size,
    );
  });
}
