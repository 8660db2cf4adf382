/** What is wrong, and what to do. */

import type { ReactNode } from "react";
import type { PipelineStatus } from "../../api/status";
import { Icon } from "../../parts/icon";
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
              {marked(text)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A text with `commands` in their own font. */
function marked(text: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text have no other name
  return text.split("`").map((part, index) => (index % 2 ? <code key={index}>{part}</code> : part));
}
