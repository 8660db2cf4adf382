/** A stream of server-sent events that is opened again when it ends.
 *
 * Not an EventSource, which hides why the service refused the stream, and whether heartbeats still come.
 */

import { asProblem, problemOf } from "../problems";
import { EventParser, type StreamEvent } from "./events";
import type { Connection } from "./protocol";

/** The service sends something at least every ten seconds. */
const SILENCE_MS = 30_000;
const WAITS_MS = [500, 1_000, 2_000, 5_000, 10_000] as const;

interface Listener {
  onEvent: (event: StreamEvent) => void;
  onConnection: (connection: Connection) => void;
}

/** Follow the stream at `address` until the returned function is called. */
export function follow(address: string, listener: Listener): () => void {
  const stopped = new AbortController();
  void keepFollowing(address, listener, stopped.signal);
  return () => stopped.abort();
}

async function keepFollowing(address: string, listener: Listener, stopped: AbortSignal): Promise<void> {
  for (let failures = 0; !stopped.aborted; failures++) {
    listener.onConnection({ state: "connecting" });
    try {
      await readOnce(address, stopped, {
        onEvent: listener.onEvent,
        onConnection: (connection) => {
          failures = 0;
          listener.onConnection(connection);
        },
      });
    } catch (error) {
      if (stopped.aborted) return;
      const { title, message, kind, status } = asProblem(error);
      listener.onConnection({ state: "away", title, message, kind, status });
    }
    await pause(WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] ?? 0, stopped);
  }
}

async function readOnce(address: string, stopped: AbortSignal, listener: Listener): Promise<void> {
  const silent = new AbortController();
  const headers = { Accept: "text/event-stream" };
  const response = await fetch(address, { headers, signal: AbortSignal.any([stopped, silent.signal]) });
  if (!response.ok || !response.body) throw await problemOf(response);
  listener.onConnection({ state: "open" });
  const parser = new EventParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let timer = setTimeout(() => silent.abort(), SILENCE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE_MS);
      for (const event of parser.push(value)) listener.onEvent(event);
    }
  } finally {
    clearTimeout(timer);
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
