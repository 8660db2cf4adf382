/** Rendering in small steps: what comes into view at once, as in a fast scroll, is rendered over several frames. */

import { useEffect, useState } from "react";

/**
 * Which of `wanted` to render now: what was rendered before, and after every frame the first `most` of the rest.
 *
 * Put the most urgent first into `wanted`.
 */
export function useFewAtOnce(wanted: readonly number[], most: number): ReadonlySet<number> {
  const [rendered, setRendered] = useState<ReadonlySet<number>>(new Set());
  const next = fewMore(rendered, wanted, most);
  useEffect(() => {
    if (next === rendered) return;
    const frame = requestAnimationFrame(() => setRendered(next));
    return () => cancelAnimationFrame(frame);
  });
  return rendered;
}

/** What is still wanted, and the first `most` of what is missing; `rendered` itself if nothing is missing. */
export function fewMore(
  rendered: ReadonlySet<number>,
  wanted: readonly number[],
  most: number,
): ReadonlySet<number> {
  const missing = wanted.filter((one) => !rendered.has(one));
  if (missing.length === 0) return rendered;
  return new Set([...wanted.filter((one) => rendered.has(one)), ...missing.slice(0, most)]);
}
