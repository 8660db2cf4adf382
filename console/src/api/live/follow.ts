/** Follows the answers of a pipeline as they are published. */

import { useEffect, useRef } from "react";
import { type PipelineName, usePipeline } from "../pipeline";
import { noteStatus } from "../unauthenticated";
import { Hub } from "./hub";
import type { Notice, Request, Update } from "./protocol";

type Follower = (update: Update) => void;
type Follow = (pipeline: string, follower: Follower) => () => void;

let followHere: Follow | null = null;

/** Call `onUpdate` with what happens in the pipeline of the page, as long as the component is shown and `enabled`. */
export function useLive(onUpdate: Follower, enabled = true): void {
  const { namespace, name }: PipelineName = usePipeline();
  const latest = useRef(onUpdate);
  useEffect(() => {
    latest.current = onUpdate;
  });
  useEffect(() => {
    if (!enabled) return;
    followHere ??= inWorker() ?? inPage();
    return followHere(`${namespace}/${name}`, (update) => {
      if ("connection" in update && update.connection.state === "away") noteStatus(update.connection.status);
      latest.current(update);
    });
  }, [namespace, name, enabled]);
}

/** For browsers without shared workers, such as Chrome on Android, or that refuse them: a stream of this page's own. */
function inPage(): Follow {
  const hub = new Hub();
  return (pipeline, follower) => hub.follow(pipeline, follower);
}

function inWorker(): Follow | null {
  const worker = sharedWorker();
  if (!worker) return null;
  const followers = new Map<string, Set<Follower>>();
  const send = (request: Request) => worker.port.postMessage(request);
  worker.port.onmessage = ({ data: { pipeline, update } }: MessageEvent<Notice>) => {
    for (const follower of followers.get(pipeline) ?? []) follower(update);
  };
  holdLock(send);
  // A page in the back-forward cache must not be sent anything.
  addEventListener("pagehide", () => {
    for (const pipeline of followers.keys()) send({ leave: pipeline });
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) for (const pipeline of followers.keys()) send({ follow: pipeline });
  });
  return (pipeline, follower) => {
    const of = followers.get(pipeline) ?? new Set();
    followers.set(pipeline, of.add(follower));
    send({ follow: pipeline }); // also if it is followed: the answer is the state of the connection
    return () => {
      of.delete(follower);
      if (of.size > 0) return;
      followers.delete(pipeline);
      send({ leave: pipeline });
    };
  };
}

function sharedWorker(): SharedWorker | null {
  try {
    return new SharedWorker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: "darkroom-live",
    });
  } catch {
    return null; // there are none, or not in a private window
  }
}

/** Tell the worker a lock that this page holds until it ends, also if it crashes. */
function holdLock(send: (request: Request) => void): void {
  if (!("locks" in navigator)) return; // not over plain HTTP
  const lock = `darkroom-page-${Math.random().toString(36).slice(2)}`;
  void navigator.locks.request(lock, () => {
    send({ lock });
    return new Promise(() => {});
  });
}
