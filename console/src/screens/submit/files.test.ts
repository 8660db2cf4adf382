import { expect, test } from "vitest";
import { isImageFile } from "./files";

test.each([
  ["a.jpg", "image/jpeg", true],
  ["a.HEIC", "", true],
  ["scan.tiff", "", true],
  ["notes.txt", "text/plain", false],
  [".hidden.png", "image/png", false],
  ["pnpm", "", false],
] as const)("of a folder, %s (%s) is an image: %s", (name, type, is) => {
  expect(isImageFile({ name, type })).toBe(is);
});
