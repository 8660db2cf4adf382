/** Where the pixels of an image are on the screen. */

export interface View {
  /** Screen pixels of an image pixel. */
  scale: number;
  /** The image's upper left corner. */
  left: number;
  top: number;
  /** Size of the drawing in CSS pixels. */
  width: number;
  height: number;
}

interface Size {
  width: number;
  height: number;
}

/** The whole image as large as possible in the middle of `frame`, like `object-fit: contain`. */
export function contain(image: Size, frame: Size): View {
  const fits = image.width > 0 && image.height > 0;
  const scale = fits ? Math.min(frame.width / image.width, frame.height / image.height) : 1;
  return {
    scale,
    left: fits ? (frame.width - image.width * scale) / 2 : 0,
    top: fits ? (frame.height - image.height * scale) / 2 : 0,
    width: frame.width,
    height: frame.height,
  };
}
