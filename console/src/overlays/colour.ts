/** Colours of labels: the same label has the same colour everywhere and always. */

import type { Theme } from "../theme/theme";

/** Hues that people tell apart, in OKLCH degrees. The colours of one row are equally light. */
const HUES = [25, 55, 85, 125, 155, 185, 215, 245, 275, 305, 335, 5] as const;

/** For text on a label's colour: at least 7:1 on each of them. */
export const ON_LABEL = "#14120f";

/** The colour on pictures, whose brightness is unknown: light, and drawn with a dark edge. */
export function pictureColour(label: string): string {
  return `oklch(${LIGHT} ${CHROMA} ${hue(label)})`;
}

/** The colour on the page, for a swatch: at least 3:1 on the surfaces of the theme. */
export function pageColour(label: string, theme: Theme): string {
  return `oklch(${theme === "dark" ? LIGHT : DARK} ${CHROMA} ${hue(label)})`;
}

export const CHROMA = 0.17;
export const LIGHT = 0.8;
export const DARK = 0.55;

export function hue(label: string): number {
  return HUES[hash(label) % HUES.length] ?? 0;
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
}
