import type { PipelineName } from "../api/pipeline";
import { type PipelineStatus, useStatus } from "../api/status";
import { Badge } from "../parts/badge";
import { count, rate } from "../parts/format";
import styles from "./pipelines.module.css";

const EVERY_MS = 10_000;

/** Whether a pipeline flows, in one line: its rate, what waits, what failed. */
export function PipelineFlow({ pipeline }: { pipeline: PipelineName }) {
  const { data, isError } = useStatus(pipeline, EVERY_MS);
  if (!data) return <p className={styles.flow}>{isError ? "State unknown" : "…"}</p>;
  const troubles = data.advice.length + data.stages.reduce((sum, stage) => sum + stage.advice.length, 0);
  const letters = sum(data, (stage) => stage.deadLetters.total);
  return (
    <p className={styles.flow}>
      {data.suspended ? (
        <Badge>Suspended</Badge>
      ) : (
        <Badge tone={troubles > 0 ? "warn" : "good"}>{troubles > 0 ? "Needs attention" : "Flowing"}</Badge>
      )}
      <span>{data.images.ratePerSecond === null ? "rate unknown" : rate(data.images.ratePerSecond)}</span>
      <span>{count(sum(data, (stage) => stage.lag))} waiting</span>
      <span>{count(letters)} dead letters</span>
    </p>
  );
}

/** The sum over all stages; unknown if that of one is. */
function sum(
  { stages }: PipelineStatus,
  of: (stage: PipelineStatus["stages"][number]) => number | null,
): number | null {
  return stages.map(of).reduce((all, one) => (all === null || one === null ? null : all + one), 0);
}
