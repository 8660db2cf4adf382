/** Labels on pictures: text on a plate of the label's colour, readable on any picture. */

import { ON_LABEL } from "./colour";

const FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif';

export interface Chip {
  text: string;
  colour: string;
}

/** Height in CSS pixels. */
export function chipHeight(fontSize: number): number {
  return Math.round(fontSize * 1.55);
}

/** Draw a chip with its upper left corner near (x, y), moved so that it is inside the drawing. Returns its width. */
export function drawChip(
  context: CanvasRenderingContext2D,
  { text, colour }: Chip,
  [x, y]: readonly [number, number],
  frame: { width: number; height: number },
  fontSize: number,
): number {
  context.font = `600 ${fontSize}px ${FONT}`;
  const padding = Math.round(fontSize * 0.45);
  const shown = fitted(context, text, frame.width - 2 * padding - 2);
  const width = context.measureText(shown).width + 2 * padding;
  const height = chipHeight(fontSize);
  const left = Math.max(0, Math.min(x, frame.width - width));
  const top = Math.max(0, Math.min(y, frame.height - height));
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(left, top, width, height, 3);
  context.fill();
  context.fillStyle = ON_LABEL;
  context.textBaseline = "middle";
  context.fillText(shown, left + padding, top + height / 2 + 0.5);
  return width;
}

/** The text, or its beginning, that is at most `width` pixels wide. */
export function fitted(
  context: Pick<CanvasRenderingContext2D, "measureText">,
  text: string,
  width: number,
): string {
  if (context.measureText(text).width <= width) return text;
  const characters = [...text];
  let [fits, tooLong] = [0, characters.length];
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (context.measureText(`${characters.slice(0, middle).join("")}…`).width <= width) fits = middle;
    else tooLong = middle;
  }
  return `${characters.slice(0, fits).join("")}…`;
}
