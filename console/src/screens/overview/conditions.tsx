/** The conditions that the operator wrote, those that are not met first. */

import type { PipelineStatus } from "../../api/status";
import { ago } from "../../parts/format";
import styles from "./overview.module.css";

const ORDER = ["False", "Unknown", "True"];

export function Conditions({ conditions }: { conditions: PipelineStatus["conditions"] }) {
  const sorted = [...(conditions ?? [])].sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return (
    <section className={styles.section} aria-labelledby="conditions">
      <h2 id="conditions">Conditions</h2>
      {sorted.length === 0 && (
        <p className={styles.quiet}>
          {conditions
            ? "The operator has not written any yet."
            : "Unknown: only pipelines on Kubernetes have conditions."}
        </p>
      )}
      {sorted.length > 0 && (
        <ul className={styles.conditions}>
          {sorted.map((condition) => (
            <li key={condition.type} data-status={condition.status}>
              <span className={styles.dot} aria-hidden="true" />
              <div>
                <strong>{condition.type}</strong>{" "}
                <span className={styles.quiet}>
                  {condition.status}
                  {condition.reason && ` · ${condition.reason}`}
                  {condition.lastTransitionTime && ` · ${ago(condition.lastTransitionTime)}`}
                </span>
                {condition.message && <p>{condition.message}</p>}
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
