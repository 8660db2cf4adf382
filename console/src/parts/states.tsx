/** What a screen shows when it has no data: loading, nothing yet, an error, no permission, Kafka away. */

import type { ReactNode } from "react";
import { Link } from "wouter";
import { asProblem, type Problem } from "../api/problems";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";
import styles from "./states.module.css";

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <div className={styles.loading} role="status">
      <span className={styles.pulse} aria-hidden="true" />
      {what} …
    </div>
  );
}

interface StateProps {
  icon?: IconName;
  title: string;
  children?: ReactNode;
  tone?: "plain" | "bad";
}

/** A centred note: an icon, a title, a sentence, and what can be done. */
export function State({ icon = "image", title, children, tone = "plain" }: StateProps) {
  return (
    <section className={styles.state} data-tone={tone}>
      <Icon name={icon} size={28} />
      <h2>{title}</h2>
      <div className={styles.body}>{children}</div>
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <State icon="image" title={title}>
      {children}
    </State>
  );
}

interface ProblemProps {
  error: unknown;
  retry?: () => void;
}

/** The state for an error of a query: no permission, Kafka away, or failed. */
export function ProblemState({ error, retry }: ProblemProps) {
  const problem = asProblem(error);
  if (problem.status === 401) return <SignedOut />;
  if (problem.status === 403) return <Denied problem={problem} />;
  if (problem.kind === "kafka-unavailable") return <KafkaAway problem={problem} retry={retry} />;
  return <Failed problem={problem} retry={retry} />;
}

function SignedOut() {
  return (
    <State icon="lock" title="You are signed out">
      <p>Sign in again to see this page.</p>
    </State>
  );
}

export function Denied({ problem }: { problem: Problem }) {
  return (
    <State icon="lock" title="You may not see this">
      <p>{problem.message}</p>
      <p>Ask whoever runs this pipeline for access, or sign in as somebody else.</p>
    </State>
  );
}

export function KafkaAway({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <State icon="plug" title="Kafka is away" tone="bad">
      <p>{problem.message}</p>
      <p>
        Images that were accepted are safe in their topic. This page continues by itself when Kafka is back.
      </p>
      {retry && <Button onClick={retry}>Try now</Button>}
    </State>
  );
}

export function Failed({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <State icon="alert" title={problem.title} tone="bad">
      <p>{problem.message}</p>
      {problem.status === 404 && <Link href="/">All pipelines</Link>}
      {retry && problem.status !== 422 && <Button onClick={retry}>Try again</Button>}
    </State>
  );
}
