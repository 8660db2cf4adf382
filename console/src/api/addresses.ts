/** Addresses of images, for `src` and `href`. */

import type { PipelineName } from "./pipeline";

function base({ namespace, name }: PipelineName): string {
  return `/v1/pipelines/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
}

export function imagesAddress(pipeline: PipelineName): string {
  return `${base(pipeline)}/images`;
}

/** The file as it was sent. */
export function contentAddress(pipeline: PipelineName, id: string): string {
  return `${base(pipeline)}/images/${encodeURIComponent(id)}/content`;
}

/** A WebP at most `size` pixels a side. */
export function thumbnailAddress(pipeline: PipelineName, id: string, size: 160 | 320 | 640 = 320): string {
  return `${base(pipeline)}/images/${encodeURIComponent(id)}/thumbnail?size=${size}`;
}
