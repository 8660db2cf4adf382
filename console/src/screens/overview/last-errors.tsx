/** The newest dead letters of all stages. */

import { Link } from "wouter";
import { pagePath, usePipeline } from "../../api/pipeline";
import type { StageState } from "../../api/status";
import { clock } from "../../parts/format";
import { Table } from "../../parts/table";
import styles from "./overview.module.css";

export function LastErrors({ stages }: { stages: readonly StageState[] }) {
  const pipeline = usePipeline();
  const errors = stages
    .flatMap((stage) => stage.lastErrors.map((error) => ({ stage: stage.name, ...error })))
    .sort((a, b) => b.at.localeCompare(a.at))
    .slice(0, 8);
  if (errors.length === 0) return null;
  return (
    <Table caption="Last errors" columns={["When", "Stage", "Reason", "Message", "Image"]}>
      {errors.map((error) => (
        <tr key={`${error.stage} ${error.image} ${error.at}`}>
          <td>{clock(error.at)}</td>
          <td>{error.stage}</td>
          <td>{error.reason}</td>
          <td className={styles.message}>{error.message}</td>
          <td>
            <Link href={pagePath(pipeline, "images", error.image)}>{error.image.slice(0, 13)}…</Link>
          </td>
        </tr>
      ))}
    </Table>
  );
}
