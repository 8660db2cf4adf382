/** The filters of Explore: in the page's URL, and as parameters of the API. */

export const STATES = ["Received", "Analyzed", "PartlyFailed", "Failed"] as const;
export type ImageState = (typeof STATES)[number];

export type Filters = {
  stage?: string;
  label?: string;
  minScore?: number;
  maxScore?: number;
  state?: ImageState;
  reason?: string;
  key?: string;
  /** RFC 3339. */
  from?: string;
  to?: string;
};

const TEXTS = ["stage", "label", "reason", "key"] as const;
const SCORES = ["minScore", "maxScore"] as const;
const TIMES = ["from", "to"] as const;
export const FILTER_NAMES: readonly (keyof Filters)[] = [...TEXTS, ...SCORES, ...TIMES, "state"];

/** The filters in a URL's query. What is not understood is left out. */
export function filtersOf(query: URLSearchParams): Filters {
  const filters: Filters = {};
  for (const name of TEXTS) {
    const text = query.get(name);
    if (text) filters[name] = text;
  }
  for (const name of SCORES) {
    const score = Number.parseFloat(query.get(name) ?? "");
    if (score >= 0 && score <= 1) filters[name] = score;
  }
  for (const name of TIMES) {
    const time = Date.parse(query.get(name) ?? "");
    if (!Number.isNaN(time)) filters[name] = new Date(time).toISOString();
  }
  const state = STATES.find((known) => known === query.get("state"));
  if (state) filters.state = state;
  return filters;
}

/** A copy of `query` with these filters changed; undefined removes one. */
export function withFilters(query: URLSearchParams, changes: Partial<Filters>): URLSearchParams {
  const changed = new URLSearchParams(query);
  for (const name of FILTER_NAMES) {
    if (!(name in changes)) continue;
    const value = changes[name];
    if (value === undefined || value === "") changed.delete(name);
    else changed.set(name, String(value));
  }
  return changed;
}

/** How many filters are set, a range of time or of score counting as one. */
export function countOf(filters: Filters): number {
  const ranges = [filters.from ?? filters.to, filters.minScore ?? filters.maxScore];
  const singles = [filters.stage, filters.label, filters.reason, filters.key, filters.state];
  return [...ranges, ...singles].filter((value) => value !== undefined).length;
}
