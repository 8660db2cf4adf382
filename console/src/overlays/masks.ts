/** Masks on pictures: a tint, and a line along the edge. */

import type { Mask, Raster } from "./rle";
import { rasterize } from "./rle";
import type { View } from "./view";

/** A mask with more pixels a side is drawn at a lower resolution. */
const MOST_PIXELS = 1_200;
const [TINT, EDGE] = [96, 235];

export function drawMask(context: CanvasRenderingContext2D, mask: Mask, colour: string, view: View): void {
  const [height, width] = mask.size;
  const wanted = Math.ceil(Math.max(width, height) * view.scale * devicePixelRatio);
  const raster = rasterize(mask, Math.max(16, Math.min(MOST_PIXELS, wanted)));
  if (!raster) return;
  const tinted = document.createElement("canvas");
  tinted.width = raster.width;
  tinted.height = raster.height;
  const own = tinted.getContext("2d");
  if (!own) return;
  const pixels = own.createImageData(raster.width, raster.height);
  pixels.data.set(opacities(raster));
  own.putImageData(pixels, 0, 0);
  own.globalCompositeOperation = "source-in"; // keep the opacities, take the colour
  own.fillStyle = colour;
  own.fillRect(0, 0, raster.width, raster.height);
  context.drawImage(tinted, view.left, view.top, width * view.scale, height * view.scale);
}

/** RGBA of a mask: only the opacity differs, between the inside and the edge. */
export function opacities({ width, height, pixels }: Raster): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let row = 0, index = 0; row < height; row++) {
    for (let column = 0; column < width; column++, index++) {
      if (!pixels[index]) continue;
      const inside =
        (column === 0 || pixels[index - 1]) &&
        (column === width - 1 || pixels[index + 1]) &&
        (row === 0 || pixels[index - width]) &&
        (row === height - 1 || pixels[index + width]);
      rgba[index * 4 + 3] = inside ? TINT : EDGE;
    }
  }
  return rgba;
}
