/** Throughput and latency of the last hour. A module of its own: it brings the plotting library. */

import { duration, durationTicks, rate, rateTicks } from "../../parts/format";
import { Plot, type Series } from "./plot";
import styles from "./plots.module.css";
import type { Counts } from "./requests";

/** The colours of stages, by their order. */
const COLOURS = ["--series-1", "--series-2", "--series-3", "--series-4"];

export default function Plots({ counts }: { counts: Counts }) {
  const times = counts.buckets.map((bucket) => Date.parse(bucket.at) / 1_000);
  const perSecond = (value: number) => value / counts.bucketSeconds;
  // The newest bucket is not over yet.
  const whole = <Value,>(values: Value[]) => values.slice(0, -1);
  const colour = (index: number) => COLOURS[index % COLOURS.length] ?? "--accent";

  const throughput: Series[] = [
    {
      name: "received",
      colour: "--text-quiet",
      dashed: true,
      values: whole(counts.buckets.map((one) => perSecond(one.received))),
    },
    ...counts.stages.map((stage, index) => ({
      name: stage.stage,
      colour: colour(index),
      values: whole(stage.buckets.map((one) => perSecond(one.analyzed))),
    })),
    { name: "failed", colour: "--bad", values: whole(counts.buckets.map((one) => perSecond(one.failed))) },
  ];
  const latency: Series[] = counts.stages.flatMap((stage, index) => [
    {
      name: `${stage.stage} p95`,
      colour: colour(index),
      values: whole(stage.buckets.map((one) => one.latencyMs?.p95 ?? null)),
    },
    {
      name: `${stage.stage} p50`,
      colour: colour(index),
      dashed: true,
      values: whole(stage.buckets.map((one) => one.latencyMs?.p50 ?? null)),
    },
  ]);
  return (
    <div className={styles.plots}>
      <Plot
        title="Images per second"
        times={whole(times)}
        series={throughput}
        format={rate}
        ticks={rateTicks}
      />
      <Plot
        title="From received to analysed"
        times={whole(times)}
        series={latency}
        format={duration}
        ticks={durationTicks}
      />
    </div>
  );
}
