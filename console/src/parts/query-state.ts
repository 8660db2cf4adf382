/** State in the query of the address, so that a link shows what its sender saw. */

import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** A parameter of the query and a function that changes it; the default is left out of the address. */
export function useQueryText(name: string, fallback = ""): [string, (value: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = useCallback(
    (value: string) => {
      setParameters(
        (now) => {
          const next = new URLSearchParams(now);
          if (value === fallback) next.delete(name);
          else next.set(name, value);
          return next;
        },
        { replace: true },
      );
    },
    [name, fallback, setParameters],
  );
  return [parameters.get(name) ?? fallback, set];
}

/** A number of the query, within its limits. */
export function useQueryNumber(
  name: string,
  fallback: number,
  [least, most]: readonly [number, number],
): [number, (value: number) => void] {
  const [text, setText] = useQueryText(name, String(fallback));
  const value = Number(text);
  const set = useCallback((next: number) => setText(String(next)), [setText]);
  return [Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : fallback, set];
}

/** A set of names of the query, separated by commas. */
export function useQuerySet(name: string): [ReadonlySet<string>, (value: ReadonlySet<string>) => void] {
  const [text, setText] = useQueryText(name);
  const names = new Set(text.split(",").filter(Boolean));
  const set = useCallback((next: ReadonlySet<string>) => setText([...next].sort().join(",")), [setText]);
  return [names, set];
}
