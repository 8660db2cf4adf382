/** The record of redrives: who redrove what, when, and how far it is. */

import { useEffect, useRef } from "react";
import type { Schemas } from "../../api/client";
import { usePipeline } from "../../api/pipeline";
import { Button } from "../../parts/button";
import { clock, count, counted, rate } from "../../parts/format";
import { NumberCell, Table } from "../../parts/table";
import { useMissing } from "../../session/rights";
import { announce } from "../../shell/status-line";
import styles from "./dead-letters.module.css";
import { type Redrive, useRedrives, useStopRedrive } from "./requests";

/** All of them, below the dead letters. */
export function RedriveRecord() {
  const redrives = useRedrives(usePipeline());
  return <Redrives caption="Redrives" redrives={redrives.data ?? []} />;
}

/** Those that run, above the dead letters. `onEnd` is called after one, because the dead letters have changed. */
export function RunningRedrives({ onEnd }: { onEnd: () => void }) {
  const { data } = useRedrives(usePipeline());
  const known = useRef<ReadonlySet<string> | null>(null);
  useEffect(() => {
    if (!data) return;
    const ended = data.filter((one) => one.state !== "Running");
    const last = ended.find((one) => known.current && !known.current.has(one.id));
    known.current = new Set(ended.map((one) => one.id));
    if (!last) return;
    announce(`The redrive has ended: ${count(last.redriven)} of ${counted(last.matched, "image")}.`);
    onEnd();
  }, [data, onEnd]);
  return (
    <Redrives caption="Running redrives" redrives={data?.filter((one) => one.state === "Running") ?? []} />
  );
}

function Redrives({ caption, redrives }: { caption: string; redrives: readonly Redrive[] }) {
  const stop = useStopRedrive(usePipeline());
  const mayStop = useMissing("Redrive") === null;
  if (redrives.length === 0) return null;
  return (
    <Table
      caption={caption}
      columns={["State", "What", "Progress", "#Redriven", "#Failed", "#Rate", "By", "Started", "Ended"]}
    >
      {redrives.map((one) => (
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
