/** The record of redrives: who redrove what, when, and how far it is. */

import type { Schemas } from "../../api/client";
import { usePipeline } from "../../api/pipeline";
import { Button } from "../../parts/button";
import { clock, count, counted, rate } from "../../parts/format";
import { NumberCell, Table } from "../../parts/table";
import { useMissing } from "../../session/rights";
import styles from "./dead-letters.module.css";
import { type Redrive, useRedrives, useStopRedrive } from "./requests";

export function RedriveRecord() {
  const pipeline = usePipeline();
  const redrives = useRedrives(pipeline);
  const stop = useStopRedrive(pipeline);
  const mayStop = useMissing("Redrive") === null;
  if (!redrives.data?.length) return null;
  return (
    <Table
      caption="Redrives"
      columns={["State", "What", "Progress", "#Redriven", "#Failed", "#Rate", "By", "Started", "Ended"]}
    >
      {redrives.data.map((one) => (
        <tr key={one.id}>
          <th scope="row">{one.state}</th>
          <td>
            {one.stage}, {described(one)}
          </td>
          <td>
            <progress
              className={styles.progress}
              max={Math.max(1, one.matched)}
              value={one.state === "Done" ? Math.max(1, one.matched) : one.redriven + one.failed}
              aria-label={`${count(one.redriven)} of ${count(one.matched)} redriven`}
            />
          </td>
          <NumberCell>
            {count(one.redriven)} of {count(one.matched)}
          </NumberCell>
          <NumberCell>{count(one.failed)}</NumberCell>
          <NumberCell>{one.ratePerSecond ? rate(one.ratePerSecond) : "any"}</NumberCell>
          <td>{one.by}</td>
          <td>{clock(one.startedAt)}</td>
          <td title={one.message ?? undefined}>
            {one.finishedAt && clock(one.finishedAt)}
            {one.state === "Running" && mayStop && (
              <Button small look="danger" disabled={stop.isPending} onClick={() => stop.mutate(one.id)}>
                Stop
              </Button>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function described({ selection }: Redrive): string {
  const { ids, reason, since, until } = selection as Partial<Schemas["RedriveJobRequest"]>;
  if (ids) return counted(ids.length, "image");
  if (reason) return reason;
  if (since || until) return `${since ? clock(since) : "the first"} to ${until ? clock(until) : "the last"}`;
  return "all";
}
