import { expect, test } from "vitest";
import { CHROMA, DARK, hue, LIGHT, ON_LABEL } from "./colour";

/** Relative luminance (WCAG 2) of a colour in OKLCH, by the matrices of CSS Color 4, clipped to sRGB. */
function luminance(lightness: number, chroma: number, degrees: number): number {
  const [a, b] = [chroma * Math.cos((degrees * Math.PI) / 180), chroma * Math.sin((degrees * Math.PI) / 180)];
  const [l, m, s] = [
    (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ];
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((value) => Math.min(1, Math.max(0, value)));
  const [red = 0, green = 0, blue = 0] = linear;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function ofHex(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(hex.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: number, two: number): number {
  return (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
}

const HUES = [...new Set(Array.from({ length: 500 }, (_, index) => hue(`label ${index}`)))];

test("labels get many hues, the same one each time", () => {
  expect(HUES.length).toBe(18);
  expect(hue("person")).toBe(hue("person"));
});

test.each([
  ["animal", "flower", "fruit", "vehicle"],
  ["person", "bicycle", "car", "bus", "truck", "cat", "dog"],
  ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
])("labels that occur together differ: %s, %s, …", (...labels) => {
  expect(new Set(labels.map(hue)).size).toBe(labels.length);
});

test.each(HUES)("text on the colour of hue %i has a contrast of 7:1", (degrees) => {
  expect(contrast(luminance(LIGHT, CHROMA, degrees), ofHex(ON_LABEL))).toBeGreaterThan(7);
});

test.each(HUES)("a swatch of hue %i has a contrast of 3:1 on the page in both themes", (degrees) => {
  expect(contrast(luminance(DARK, CHROMA, degrees), ofHex("#ffffff"))).toBeGreaterThan(3);
  expect(contrast(luminance(LIGHT, CHROMA, degrees), ofHex("#24211d"))).toBeGreaterThan(3);
});
