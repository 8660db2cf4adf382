/** One stream for each pipeline that is followed, however many follow it. */

import type { BatchDocument, Connection, Update } from "./protocol";
import { follow } from "./stream";

type Follower = (update: Update) => void;

interface Stream {
  followers: Set<Follower>;
  connection: Connection;
  stop: () => void;
}

/** A stream nobody follows is kept this long, because a page that is loaded again follows it at once. */
const KEPT_MS = 3_000;

export class Hub {
  #streams = new Map<string, Stream>();

  /** Call `follower` with every update of the pipeline, "namespace/name", until the returned function is called. */
  follow(pipeline: string, follower: Follower): () => void {
    let stream = this.#streams.get(pipeline);
    if (!stream) {
      stream = this.#open(pipeline);
      this.#streams.set(pipeline, stream);
    }
    stream.followers.add(follower);
    follower({ connection: stream.connection });
    return () => this.#leave(pipeline, follower);
  }

  #leave(pipeline: string, follower: Follower): void {
    const stream = this.#streams.get(pipeline);
    stream?.followers.delete(follower);
    setTimeout(() => {
      if (!stream || stream.followers.size > 0 || this.#streams.get(pipeline) !== stream) return;
      stream.stop();
      this.#streams.delete(pipeline);
    }, KEPT_MS);
  }

  #open(pipeline: string): Stream {
    const stream: Stream = { followers: new Set(), connection: { state: "connecting" }, stop: () => {} };
    const tell = (update: Update) => {
      for (const follower of stream.followers) follower(update);
    };
    let dropped = 0;
    stream.stop = follow(`/v1/live?pipeline=${encodeURIComponent(pipeline)}`, {
      onConnection: (connection) => {
        if (connection.state === "open") dropped = 0; // the service counts for each connection
        stream.connection = connection;
        tell({ connection });
      },
      onEvent: ({ event, data }) => {
        if (event !== "batch") return;
        const batch = JSON.parse(data) as BatchDocument;
        tell({ batch: { ...batch, dropped: batch.dropped - dropped } });
        dropped = batch.dropped;
      },
    });
    return stream;
  }
}
