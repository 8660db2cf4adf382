import { expect, test } from "vitest";
import { imagesOf, isImageFile } from "./files";

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

test("the images of a folder are sorted, and the files that are left out are counted", () => {
  const files = ["b/2.png", "notes.txt", "a/1.png", ".DS_Store"].map((path) => {
    const file = new File([], path.split("/").pop() ?? "");
    Object.defineProperty(file, "webkitRelativePath", { value: path });
    return file;
  });
  const { images, leftOut } = imagesOf(files);
  expect(images.map((file) => file.webkitRelativePath)).toEqual(["a/1.png", "b/2.png"]);
  expect(leftOut).toBe(1);
});
