/** What Explore asks the service for. */

import { api, type Schemas, unwrap } from "../../api/client";
import type { Page } from "../../api/paged-rows";
import type { PipelineName } from "../../api/pipeline";
import type { Filters } from "./filters";

export type ListedImage = Schemas["ListedImage"];
export type Counts = Schemas["Counts"];

const PAGE = 100;
const MOST_DRAWN = 64 * 1024;
const MOST_RESULTS = 500;

/** A page of the images that match, newest first. */
export async function listImages(
  pipeline: PipelineName,
  filters: Filters,
  after: string | null,
  signal: AbortSignal,
): Promise<Page<ListedImage>> {
  const query = { ...filters, limit: PAGE, ...(after === null ? {} : { after }) };
  const page = await unwrap(
    api.GET("/v1/pipelines/{namespace}/{name}/images", { params: { path: { ...pipeline }, query }, signal }),
  );
  return { rows: page.images, next: page.next ?? null };
}

/** The data of the newest results of images. Large ones are left out: many pictures are drawn at once. */
export async function resultsOf(
  pipeline: PipelineName,
  image: readonly string[],
  signal: AbortSignal,
): Promise<unknown[]> {
  const query = { image: [...image], maxCharacters: MOST_DRAWN, limit: MOST_RESULTS };
  const page = await unwrap(
    api.GET("/v1/pipelines/{namespace}/{name}/results", { params: { path: { ...pipeline }, query }, signal }),
  );
  return page.results;
}

/** The counts of a span of time; of all that is kept without one. */
export function counts(
  pipeline: PipelineName,
  query: { stage?: string; label?: string; from?: string; to?: string; buckets?: number },
  signal: AbortSignal,
): Promise<Counts> {
  return unwrap(
    api.GET("/v1/pipelines/{namespace}/{name}/counts", { params: { path: { ...pipeline }, query }, signal }),
  );
}
