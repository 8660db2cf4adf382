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

/** A WebP of the image in a dead letter. */
export function letterThumbnailAddress(
  pipeline: PipelineName,
  { stage, partition, offset }: { stage: string; partition: number; offset: number },
  size: 160 | 320 | 640 = 320,
): string {
  return `${base(pipeline)}/dead-letters/${encodeURIComponent(stage)}/${partition}/${offset}/thumbnail?size=${size}`;
}

/** The images that match filters, as a file. */
export function exportAddress(
  pipeline: PipelineName,
  format: "jsonl" | "coco",
  filters: Record<string, string | number | undefined>,
): string {
  const query = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filters))
    if (value !== undefined) query.set(name, String(value));
  return `${base(pipeline)}/export?${query}`;
}
