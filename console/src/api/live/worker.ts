/** The shared worker: all pages of a browser follow their pipelines with one stream. */

import { Hub } from "./hub";
import type { Notice, Request } from "./protocol";

const hub = new Hub();

function serve(port: MessagePort): void {
  const followed = new Map<string, () => void>();
  const leave = (pipeline: string) => {
    followed.get(pipeline)?.();
    followed.delete(pipeline);
  };
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    if ("follow" in data) {
      const pipeline = data.follow;
      leave(pipeline);
      const stop = hub.follow(pipeline, (update) => port.postMessage({ pipeline, update } satisfies Notice));
      followed.set(pipeline, stop);
    } else if ("leave" in data) {
      leave(data.leave);
    } else {
      // The page holds the lock as long as it lives.
      void navigator.locks.request(data.lock, () => {
        for (const pipeline of [...followed.keys()]) leave(pipeline);
        port.close();
      });
    }
  };
}

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) serve(port);
});
