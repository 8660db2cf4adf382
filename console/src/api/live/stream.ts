/** A stream of server-sent events that is opened again when it ends, and goes on after the last id.
 *
 * Not an EventSource, which hides why the service refused the stream, and whether heartbeats still come.
 */

import { asProblem, problemOf } from "../problems";
import { EventParser, type StreamEvent } from "./events";
import type { Connection } from "./protocol";

/** The service sends something at least every ten seconds. */
const SILENCE_MS = 30_000;
const WAITS_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;

export interface Listener {
  onEvent: (event: StreamEvent) => void;
  /** The stream has ended, or could not be opened. */
  onAway: (connection: Connection) => void;
}

export interface Stream {
  /** End it. Returns the last id. */
  stop: () => string;
}

/** Follow the stream at `address`, after `lastId` if it is not "". */
export function follow(address: string, lastId: string, listener: Listener): Stream {
  const reader = new Reader(address, lastId, listener);
  void reader.keepFollowing();
  return { stop: () => reader.stop() };
}

class Reader {
  readonly #stopped = new AbortController();

  constructor(
    readonly address: string,
    private lastId: string,
    readonly listener: Listener,
  ) {}

  stop(): string {
    this.#stopped.abort();
    return this.lastId;
  }

  async keepFollowing(): Promise<void> {
    const stopped = this.#stopped.signal;
    for (let failures = 0; !stopped.aborted; failures++) {
      try {
        await this.#readOnce(stopped, () => {
          failures = 0;
        });
        if (!stopped.aborted) this.listener.onAway({ state: "connecting" });
      } catch (error) {
        if (stopped.aborted) return;
        const { title, message, kind, status } = asProblem(error);
        this.listener.onAway({ state: "away", title, message, kind, status });
      }
      await pause(WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0, stopped);
    }
  }

  async #readOnce(stopped: AbortSignal, onOpen: () => void): Promise<void> {
    const silent = new AbortController();
    const headers = { Accept: "text/event-stream", ...(this.lastId && { "Last-Event-ID": this.lastId }) };
    const response = await fetch(this.address, {
      headers,
      signal: AbortSignal.any([stopped, silent.signal]),
    });
    if (!response.ok || !response.body) throw await problemOf(response);
    onOpen();
    const parser = new EventParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stopped.aborted) return;
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENCE_MS);
        for (const event of parser.push(value)) {
          this.listener.onEvent(event);
          this.lastId = event.id;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stopped.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    stopped.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
