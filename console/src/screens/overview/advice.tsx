/** What is wrong, and what to do. */

import type { PipelineStatus } from "../../api/status";
import { Icon } from "../../parts/icon";
import { withCode } from "../../parts/with-code";
import styles from "./overview.module.css";

export function Advice({ status }: { status: PipelineStatus }) {
  const all = [
    ...status.advice.map((text) => ({ stage: null, text })),
    ...status.stages.flatMap((stage) => stage.advice.map((text) => ({ stage: stage.name, text }))),
  ];
  if (all.length === 0) return null;
  return (
    <section className={styles.advice} aria-labelledby="advice">
      <h2 id="advice" className="visually-hidden">
        What to do
      </h2>
      <ul>
        {all.map(({ stage, text }) => (
          <li key={`${stage} ${text}`}>
            <Icon name="alert" />
            <span>
              {stage && <strong>{stage}: </strong>}
              {withCode(text)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
