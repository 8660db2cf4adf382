/** Masks in COCO's compressed run-length encoding, as pycocotools writes it. */

export interface Mask {
  /** [height, width] of the image. */
  size: readonly [number, number];
  counts: string;
}

/** A mask, perhaps at a lower resolution: one byte a pixel, row by row, 1 where the mask is. */
export interface Raster {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** Lengths of the runs of 0 and 1 in turn, column by column. Ends early at what is not a count. */
export function* runs(counts: string): Generator<number> {
  let [before, last, index, position] = [0, 0, 0, 0];
  while (position < counts.length) {
    let [value, shift, group] = [0, 0, 0];
    do {
      group = counts.charCodeAt(position++) - 48;
      if (!(group >= 0 && group < 64) || shift > 30) return;
      value |= (group & 31) << shift;
      shift += 5;
    } while (group & 32);
    if (group & 16 && shift < 32) value |= -1 << shift;
    // From the fourth on, a count is the difference to the one before the last.
    if (index > 2) value += before;
    if (value < 0) return;
    [before, last, index] = [last, value, index + 1];
    yield value;
  }
}

/** The mask with at most `side` pixels a side: every nth pixel of every nth row if it is larger. */
export function rasterize(mask: Mask, side: number): Raster | null {
  const [height, width] = mask.size;
  if (!(height > 0 && width > 0 && height <= 65_535 && width <= 65_535)) return null;
  const step = Math.max(1, Math.ceil(Math.max(width, height) / side));
  const raster = {
    width: Math.ceil(width / step),
    height: Math.ceil(height / step),
    pixels: new Uint8Array(0),
  };
  raster.pixels = new Uint8Array(raster.width * raster.height);
  const end = width * height;
  let [start, inside] = [0, false];
  for (const run of runs(mask.counts)) {
    const stop = Math.min(end, start + run);
    if (inside) fill(raster, start, stop, height, step);
    if (stop === end) break;
    [start, inside] = [stop, !inside];
  }
  return raster;
}

/** Set the pixels `start` to `stop` of the original, counted column by column. */
function fill(raster: Raster, start: number, stop: number, height: number, step: number): void {
  const last = Math.floor((stop - 1) / height);
  for (let column = Math.ceil(Math.floor(start / height) / step) * step; column <= last; column += step) {
    const top = Math.max(0, start - column * height);
    const bottom = Math.min(height, stop - column * height);
    for (let row = Math.ceil(top / step) * step; row < bottom; row += step) {
      raster.pixels[(row / step) * raster.width + column / step] = 1;
    }
  }
}
