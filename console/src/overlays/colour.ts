/** Colours of labels: the same label has the same colour everywhere and always. */

import type { Theme } from "../theme/theme";

/** Colours that differ in hue alone, so that none stands out. */
const HUES = 18;

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

/** The hue of a label in OKLCH, in degrees. */
export function hue(label: string): number {
  return 25 + (hash(label) % HUES) * (360 / HUES);
}

/** FNV-1a, from a start value with which frequent labels that occur together (person, car, dog, the digits) differ. */
function hash(text: string): number {
  let value = 82_691;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value ^ (value >>> 15)) >>> 0;
}
