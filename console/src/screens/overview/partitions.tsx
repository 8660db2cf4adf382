/** Every partition of the images topic: how far each stage has read it, and which worker does. */

import type { PipelineStatus, StageState } from "../../api/status";
import { count, UNKNOWN } from "../../parts/format";
import { NumberCell, Table } from "../../parts/table";
import styles from "./overview.module.css";

export function Partitions({ status }: { status: PipelineStatus }) {
  const rows = status.stages.flatMap((stage) => stage.partitions.map((partition) => ({ stage, partition })));
  if (rows.length === 0) {
    return (
      <section className={styles.section} aria-labelledby="partitions">
        <h2 id="partitions">Partitions</h2>
        <p className={styles.quiet}>Unknown.</p>
      </section>
    );
  }
  const most = Math.max(1, ...rows.map(({ partition }) => partition.lag ?? 0));
  return (
    <Table caption="Partitions" columns={["Stage", "#Partition", "#Committed", "#End", "#Lag", "Worker"]}>
      {rows.map(({ stage, partition }) => (
        <tr key={`${stage.name} ${partition.partition}`}>
          <th scope="row">{stage.name}</th>
          <NumberCell>{partition.partition}</NumberCell>
          <NumberCell>
            {partition.committed === null && partition.lag !== null ? "none" : count(partition.committed)}
          </NumberCell>
          <NumberCell>{count(partition.end)}</NumberCell>
          <NumberCell share={(partition.lag ?? 0) / most}>{count(partition.lag)}</NumberCell>
          <td>{workerOf(stage, partition.worker)}</td>
        </tr>
      ))}
    </Table>
  );
}

function workerOf(stage: StageState, id: string | null): string {
  if (stage.groupState === null) return UNKNOWN;
  if (id === null) return "none";
  const worker = stage.workers.find((one) => one.id === id);
  return worker ? `${worker.host} · ${id}` : id;
}
