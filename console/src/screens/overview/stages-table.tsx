/** The topology's numbers as a table. */

import { Link } from "wouter";
import { pagePath, usePipeline } from "../../api/pipeline";
import type { StageState } from "../../api/status";
import { ago, count, counted, rate, UNKNOWN } from "../../parts/format";
import { NumberCell, Table } from "../../parts/table";
import { withCode } from "../../parts/with-code";
import styles from "./overview.module.css";

export function StagesTable({ stages }: { stages: readonly StageState[] }) {
  const pipeline = usePipeline();
  return (
    <>
      <Table
        caption="Stages"
        columns={["Stage", "Workers", "Group", "#Lag", "#Rate", "Oldest waiting", "#Dead letters"]}
      >
        {stages.map((stage) => (
          <tr key={stage.name}>
            <th scope="row">{stage.name}</th>
            <td>{workers(stage)}</td>
            <td>{groupText(stage)}</td>
            <NumberCell>{count(stage.lag)}</NumberCell>
            <NumberCell>{rate(stage.ratePerSecond)}</NumberCell>
            <td>{stage.oldestWaitingAt ? ago(stage.oldestWaitingAt) : stage.lag === 0 ? "none" : UNKNOWN}</td>
            <NumberCell>
              {stage.deadLetters.total ? (
                <Link
                  className={styles.bad}
                  href={`${pagePath(pipeline, "dead-letters")}?stage=${stage.name}`}
                >
                  {count(stage.deadLetters.total)}
                </Link>
              ) : (
                count(stage.deadLetters.total)
              )}
            </NumberCell>
          </tr>
        ))}
      </Table>
      {stages.flatMap((stage) =>
        [scalingText(stage), stage.lagUnknown]
          .filter((text) => text != null)
          .map((text) => (
            <p key={`${stage.name} ${text}`} className={styles.quiet}>
              <strong>{stage.name}:</strong> {withCode(text)}
            </p>
          )),
      )}
    </>
  );
}

/** The number of workers: unknown if the group's state is. */
export function workers(stage: StageState): string {
  if (stage.groupState === null) return UNKNOWN;
  const hosts = new Set(stage.workers.map((worker) => worker.host));
  if (stage.autoscaling) {
    return `${count(hosts.size)} of ${count(stage.autoscaling.desired)}`;
  }
  if (stage.workers.length === 0) return "none";
  return hosts.size > 1 ? `${stage.workers.length} on ${hosts.size} hosts` : count(stage.workers.length);
}

/** What the last decision about the number of workers is based on. */
function scalingText({ autoscaling }: StageState): string | undefined {
  if (!autoscaling) return undefined;
  const drain = autoscaling.drainSeconds === null ? UNKNOWN : `${count(autoscaling.drainSeconds)} s`;
  const wanted = `autoscaling wants ${counted(autoscaling.desired, "worker")} (${autoscaling.reason})`;
  return `${wanted}: lag ${count(autoscaling.lag)}, drained in ${drain}, ${rate(autoscaling.ratePerSecond)} arrive`;
}

/** The state of the consumer group; Kafka calls a group that does not exist Dead. */
function groupText({ groupState }: StageState): string {
  if (groupState === null) return UNKNOWN;
  return groupState === "Dead" ? "none" : groupState;
}
