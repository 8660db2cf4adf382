/** Overview: whether the pipeline flows, and if not, why. */

import { lazy, Suspense } from "react";
import { usePipeline } from "../../api/pipeline";
import { asProblem } from "../../api/problems";
import { useStatus } from "../../api/status";
import { Page } from "../../parts/page";
import { Loading, ProblemState } from "../../parts/states";
import { useKafkaIsAway } from "../../shell/health";
import { Advice } from "./advice";
import { Conditions } from "./conditions";
import { LastErrors } from "./last-errors";
import styles from "./overview.module.css";
import { Partitions } from "./partitions";
import { useLastHour } from "./requests";
import { StagesTable } from "./stages-table";
import { Topology } from "./topology";

const EVERY_MS = 2_000;

const WAITING = "Kafka does not respond. Loading what the service knows without it";

const Plots = lazy(() => import("./plots"));

export default function Overview() {
  const pipeline = usePipeline();
  const status = useStatus(pipeline, EVERY_MS);
  const hour = useLastHour(pipeline);
  const kafkaIsAway = useKafkaIsAway();
  const { data } = status;
  return (
    <Page
      title="Overview"
      actions={data?.suspended ? <span className={styles.suspended}>Suspended</span> : undefined}
    >
      {status.isPending && <Loading what={kafkaIsAway ? WAITING : "Loading the state"} />}
      {status.isError && !data && <ProblemState error={status.error} retry={() => void status.refetch()} />}
      {data && (
        <>
          {status.isError && (
            <p className={styles.stale}>These numbers are old: {asProblem(status.error).message}</p>
          )}
          <Advice status={data} />
          <Topology status={data} />
          <StagesTable stages={data.stages} />
          <section className={styles.section} aria-labelledby="last-hour">
            <h2 id="last-hour">Last hour</h2>
            {hour.isPending && <Loading what="Loading the counts" />}
            {hour.isError && <p className={styles.quiet}>Unknown: {asProblem(hour.error).message}</p>}
            {hour.data && (
              <Suspense fallback={<Loading what="Loading the plots" />}>
                <Plots counts={hour.data} />
              </Suspense>
            )}
          </section>
          <LastErrors stages={data.stages} />
          <Conditions conditions={data.conditions} />
          <Partitions status={data} />
        </>
      )}
    </Page>
  );
}
