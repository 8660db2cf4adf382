/** What happened to an image, in order of time. */

import { useQuery } from "@tanstack/react-query";
import { api, type TraceStep, unwrap } from "../../api/client";
import { usePipeline } from "../../api/pipeline";
import { shownText } from "../../overlays/text";
import { bytes, counted, duration } from "../../parts/format";
import { ProblemState } from "../../parts/states";
import { Time } from "../../parts/time";
import styles from "./trace.module.css";

const PATH = "/v1/pipelines/{namespace}/{name}/images/{image_id}/trace";

export function Trace({ id, state }: { id: string; state: string }) {
  const pipeline = usePipeline();
  const trace = useQuery({
    queryKey: ["trace", pipeline, id, state],
    queryFn: () => unwrap(api.GET(PATH, { params: { path: { ...pipeline, image_id: id } } })),
    placeholderData: (before) => before,
  });
  return (
    <section className={styles.trace} aria-labelledby="trace">
      <h2 id="trace">Trace</h2>
      {trace.isError && <ProblemState error={trace.error} retry={() => void trace.refetch()} />}
      <ol className={styles.steps}>
        {trace.data?.steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps are only ever added
          <Step key={index} step={step} />
        ))}
        {trace.data?.waiting.map((stage) => (
          <li key={stage} className={styles.step} data-step="Waiting">
            <span className={styles.when} />
            <div>
              <h3>{stage}</h3>
              <p>Waiting: neither analysed nor failed yet.</p>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

const TITLES = {
  Received: "received",
  Analyzed: "analysed",
  Failed: "failed",
  Redriven: "redriven",
} as const;

function Step({ step }: { step: TraceStep }) {
  return (
    <li className={styles.step} data-step={step.step}>
      <span className={styles.when}>
        {step.afterMs === null || step.step === "Received" ? (
          <Time at={step.at} />
        ) : (
          `+ ${duration(step.afterMs)}`
        )}
      </span>
      <div>
        <h3>
          {step.stage ? `${step.stage} ` : ""}
          <span>{TITLES[step.step]}</span>
        </h3>
        <Details step={step} />
        {step.timings && <Timings timings={step.timings} />}
      </div>
    </li>
  );
}

function Details({ step }: { step: TraceStep }) {
  const facts: [string, string | null | undefined][] = [
    ["type", step.contentType],
    ["size", step.bytes ? bytes(step.bytes) : null],
    ["result", step.summary && shownText(step.summary, 300)],
    ["reason", step.reason],
    ["message", step.message && shownText(step.message, 600)],
    ["attempts", step.attempts ? counted(step.attempts, "attempt") : null],
    ["model", step.model && `${step.model.name} · sha256 ${step.model.sha256.slice(0, 12)}…`],
    ["worker", step.worker && `${shownText(step.worker.name)} / process ${step.worker.process}`],
    ["record", step.record && `${step.record.topic} / ${step.record.partition} / ${step.record.offset}`],
    ["replay", step.generation],
  ];
  return (
    <dl className={styles.details}>
      {facts.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

const PARTS = [
  ["decodeMs", "decode"],
  ["preprocessMs", "pre-process"],
  ["inferenceMs", "inference"],
] as const;

/** The time of each part of the work, as a bar and in numbers. */
function Timings({ timings }: { timings: NonNullable<TraceStep["timings"]> }) {
  const total = PARTS.reduce((sum, [field]) => sum + timings[field], 0);
  if (total <= 0) return null;
  return (
    <div className={styles.timings}>
      <div className={styles.bar} aria-hidden="true">
        {PARTS.map(([field]) => (
          <span key={field} data-part={field} style={{ flexGrow: timings[field] / total }} />
        ))}
      </div>
      <ul>
        {PARTS.map(([field, name]) => (
          <li key={field} data-part={field}>
            {name} {duration(timings[field])}
          </li>
        ))}
      </ul>
    </div>
  );
}
