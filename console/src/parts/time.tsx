import { clock } from "./format";

/** A time of day; the exact time is in its title. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {clock(at)}
    </time>
  );
}
