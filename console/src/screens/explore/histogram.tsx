/** Images over time, as bars. A click starts the list at a time; dragging selects a range. */

import { memo, type PointerEvent, useId, useRef, useState } from "react";
import { clock, count, counted } from "../../parts/format";
import styles from "./histogram.module.css";
import type { Counts } from "./requests";
import { positionOf, type Span, ticks, tickText, timeAt } from "./time-axis";

interface Props {
  counts: Counts | undefined;
  /** The selected range, in ms. */
  selected: { from?: number; to?: number };
  /** The time of the first row in view, in ms. */
  at: number | null;
  select: (range: { from?: string; to?: string }) => void;
}

/** A shorter drag is a click. */
const CLICK = 0.008;
/** A shorter time would be a few wide bars. */
const SHORTEST_MS = 900_000;

export function Histogram({ counts, selected, at, select }: Props) {
  const plot = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<[number, number] | null>(null);
  if (!counts) return <div className={styles.plot} data-loading="true" />;

  const span = spanOf(counts);
  const barWidth = widthOf(counts, span);

  function position(event: PointerEvent): number {
    const box = plot.current?.getBoundingClientRect();
    return box ? (event.clientX - box.left) / box.width : 0;
  }
  function begin(event: PointerEvent) {
    if (event.button !== 0) return;
    plot.current?.setPointerCapture(event.pointerId);
    setDrag([position(event), position(event)]);
  }
  function end(event: PointerEvent) {
    if (!drag) return;
    const [low, high] = [drag[0], position(event)].sort((a, b) => a - b) as [number, number];
    setDrag(null);
    const time = (one: number) => new Date(timeAt(span, one)).toISOString();
    if (high - low < CLICK) select({ from: undefined, to: time(high + barWidth / 2) });
    else select({ from: time(low), to: time(high) });
  }

  const range = drag
    ? { from: Math.min(...drag), to: Math.max(...drag) }
    : { from: positionOf(span, selected.from ?? span.from), to: positionOf(span, selected.to ?? span.to) };
  const chosen = drag !== null || selected.from !== undefined || selected.to !== undefined;
  return (
    <figure className={styles.figure}>
      <div
        ref={plot}
        className={styles.plot}
        onPointerDown={begin}
        onPointerMove={(event) => drag && setDrag([drag[0], position(event)])}
        onPointerUp={end}
        onPointerCancel={() => setDrag(null)}
      >
        <Bars counts={counts} />
        {chosen && (
          <div
            className={styles.range}
            style={{ left: `${range.from * 100}%`, width: `${(range.to - range.from) * 100}%` }}
          />
        )}
        {at !== null && <div className={styles.here} style={{ left: `${positionOf(span, at) * 100}%` }} />}
      </div>
      <div className={styles.axis} aria-hidden="true">
        {ticks(span, 8).map((tick) => {
          const left = positionOf(span, tick);
          return left > 0.03 && left < 0.97 ? (
            <span key={tick} style={{ left: `${left * 100}%` }}>
              {tickText(tick)}
            </span>
          ) : null;
        })}
      </div>
    </figure>
  );
}

function spanOf(counts: Counts): Span {
  const to = Date.parse(counts.to);
  return { from: Math.min(Date.parse(counts.from), to - SHORTEST_MS), to };
}

/** The width of a bar, of that of the plot. */
function widthOf({ bucketSeconds }: Counts, span: Span): number {
  return (bucketSeconds * 1_000) / (span.to - span.from);
}

/** Not rendered again when the list is scrolled. */
const Bars = memo(function Bars({ counts }: { counts: Counts }) {
  const title = useId();
  const span = spanOf(counts);
  const width = widthOf(counts, span) * 100;
  const highest = Math.max(
    1,
    ...counts.buckets.map((bucket) => Math.max(bucket.received, bucket.analyzed + bucket.failed)),
  );
  return (
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-labelledby={title}>
      <title id={title}>
        {`${counted(counts.received, "image")} received from ${clock(span.from)} to ${clock(span.to)}, ${count(counts.failed)} failed`}
      </title>
      {counts.buckets.map((bucket) => {
        const all = Math.max(bucket.received, bucket.analyzed + bucket.failed);
        if (all === 0) return null;
        // The least bar is seen.
        const height = Math.max(4, (all / highest) * 100);
        const failed = bucket.failed === 0 ? 0 : Math.max(4, (bucket.failed / highest) * 100);
        const x = positionOf(span, Date.parse(bucket.at)) * 100 + width * 0.1;
        return (
          <g key={bucket.at}>
            <rect className={styles.bar} x={x} width={width * 0.8} y={100 - height} height={height} />
            {failed > 0 && (
              <rect className={styles.failed} x={x} width={width * 0.8} y={100 - failed} height={failed} />
            )}
          </g>
        );
      })}
    </svg>
  );
});
