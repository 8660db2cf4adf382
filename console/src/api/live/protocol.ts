/** The documents of GET /v1/live, and what the pages get from them. */

export interface LiveResult {
  /** "namespace/name". */
  pipeline: string;
  id: string;
  stage: string;
  analyzedAt: string;
  summary: string;
  /** The data of the analyzed event; null if it is large. */
  data: unknown;
}

export interface LiveFailure {
  pipeline: string;
  id: string;
  stage: string;
  reason: string;
  message: string;
  failedAt: string | null;
  partition: number;
  offset: number;
}

/** The data of the event `start`. */
export interface StartDocument {
  /** Those that the stream has: of those asked for, those that are served. */
  pipelines: string[];
  /** Those of which nothing is missing since the last stream. */
  resumed: string[];
}

/** The data of an event `batch`: the newest first. */
export interface BatchDocument {
  results: LiveResult[];
  failures: LiveFailure[];
  /** Of the pipelines that have changed; totals of the stream. */
  pipelines: Record<string, { seen: number; dropped: number }>;
}

/** What came since the last batch. */
export interface Batch {
  results: LiveResult[];
  failures: LiveFailure[];
  /** How many the service left out, because this browser was too slow. */
  dropped: number;
}

export type Connection =
  | { state: "connecting" }
  /** `gap`: events may be missing since it was open before. */
  | { state: "open"; gap: boolean }
  /** The stream ended and is opened again; the rest says why. */
  | { state: "away"; title: string; message: string; kind: string; status: number };

export type Update = { batch: Batch } | { connection: Connection };

/** From a page to the shared worker. */
export type Request = { follow: string } | { leave: string } | { lock: string };

/** From the shared worker to a page. */
export interface Notice {
  pipeline: string;
  update: Update;
}
