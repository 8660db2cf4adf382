/** One stream for all pipelines that are followed, however many follow them. */

import type { BatchDocument, Connection, StartDocument, Update } from "./protocol";
import { follow, type Stream } from "./stream";

type Follower = (update: Update) => void;

interface Followed {
  followers: Set<Follower>;
  connection: Connection;
  wasOpen: boolean;
  /** How many the service has left out of the stream. */
  dropped: number;
}

/** A pipeline that nobody follows stays in the stream this long, because a page that is loaded again follows it at once. */
const KEPT_MS = 3_000;
/** So long the stream waits for more pipelines, because several pages may open at once. */
const GATHER_MS = 20;
/** How often the stream looks for pipelines that were not served. */
const LOOK_AGAIN_MS = 10_000;

export class Hub {
  #followed = new Map<string, Followed>();
  #stream: Stream | null = null;
  #lastId = "";
  #change: ReturnType<typeof setTimeout> | undefined;
  #due = Number.POSITIVE_INFINITY;

  /** Call `follower` with every update of the pipeline, "namespace/name", until the returned function is called. */
  follow(pipeline: string, follower: Follower): () => void {
    let followed = this.#followed.get(pipeline);
    if (!followed) {
      followed = { followers: new Set(), connection: { state: "connecting" }, wasOpen: false, dropped: 0 };
      this.#followed.set(pipeline, followed);
      this.#openIn(GATHER_MS);
    }
    followed.followers.add(follower);
    follower({ connection: followed.connection });
    return () => this.#leave(pipeline, follower);
  }

  #leave(pipeline: string, follower: Follower): void {
    const followed = this.#followed.get(pipeline);
    followed?.followers.delete(follower);
    setTimeout(() => {
      if (!followed || followed.followers.size > 0 || this.#followed.get(pipeline) !== followed) return;
      this.#followed.delete(pipeline);
      this.#openIn(GATHER_MS);
    }, KEPT_MS);
  }

  #openIn(ms: number): void {
    const due = Date.now() + ms;
    if (due >= this.#due) return;
    clearTimeout(this.#change);
    this.#due = due;
    this.#change = setTimeout(() => this.#open(), ms);
  }

  /** Replace the stream by one of all pipelines that are followed now; it goes on where the former ended. */
  #open(): void {
    clearTimeout(this.#change);
    this.#due = Number.POSITIVE_INFINITY;
    this.#lastId = this.#stream?.stop() ?? this.#lastId;
    this.#stream = null;
    if (this.#followed.size === 0) return;
    const query = new URLSearchParams([...this.#followed.keys()].map((pipeline) => ["pipeline", pipeline]));
    this.#stream = follow(`/v1/live?${query}`, this.#lastId, {
      onAway: (connection) => {
        for (const followed of this.#followed.values()) tell(followed, { connection });
      },
      onEvent: ({ event, data }) => {
        if (event === "start") this.#started(JSON.parse(data) as StartDocument);
        else if (event === "batch") this.#batch(JSON.parse(data) as BatchDocument);
      },
    });
  }

  #started({ pipelines, resumed }: StartDocument): void {
    for (const [pipeline, followed] of this.#followed) {
      followed.dropped = 0; // the service counts for each stream
      if (!pipelines.includes(pipeline)) {
        tell(followed, { connection: notServed(pipeline) });
        continue;
      }
      const gap = followed.wasOpen && !resumed.includes(pipeline);
      followed.wasOpen = true;
      if (gap || followed.connection.state !== "open") tell(followed, { connection: { state: "open", gap } });
    }
    if (pipelines.length < this.#followed.size) this.#openIn(LOOK_AGAIN_MS);
  }

  #batch({ results, failures, pipelines }: BatchDocument): void {
    for (const [pipeline, { dropped }] of Object.entries(pipelines)) {
      const followed = this.#followed.get(pipeline);
      if (!followed) continue;
      const isOf = (event: { pipeline: string }) => event.pipeline === pipeline;
      const batch = {
        results: results.filter(isOf),
        failures: failures.filter(isOf),
        dropped: dropped - followed.dropped,
      };
      followed.dropped = dropped;
      tell(followed, { batch });
    }
  }
}

function tell(followed: Followed, update: Update): void {
  if ("connection" in update) followed.connection = update.connection;
  for (const follower of followed.followers) follower(update);
}

function notServed(pipeline: string): Connection {
  return {
    state: "away",
    title: "Not found",
    message: `The service does not serve the pipeline ${pipeline} now.`,
    kind: "not-found",
    status: 404,
  };
}
