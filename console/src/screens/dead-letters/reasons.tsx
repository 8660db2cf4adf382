/** The stages and the reasons of their dead letters, with counts; one is chosen. */

import { count } from "../../parts/format";
import styles from "./reasons.module.css";

interface Props {
  stages: { stage: string; total: number | null; byReason: { reason: string; count: number }[] }[];
  stage: string;
  reason: string | null;
  choose: (stage: string, reason: string | null) => void;
}

export function Reasons({ stages, stage, reason, choose }: Props) {
  const chosen = stages.find((one) => one.stage === stage);
  const reasons = [...(chosen?.byReason ?? [])];
  if (reason && !reasons.some((one) => one.reason === reason)) reasons.push({ reason, count: 0 });
  return (
    <div className={styles.reasons}>
      {stages.length > 1 && (
        <nav aria-label="Stage">
          {stages.map((one) => (
            <Chip
              key={one.stage}
              text={one.stage}
              number={one.total}
              on={one.stage === stage}
              choose={() => choose(one.stage, null)}
            />
          ))}
        </nav>
      )}
      <nav aria-label="Reason">
        <Chip
          text="Every reason"
          number={chosen?.total ?? null}
          on={reason === null}
          choose={() => choose(stage, null)}
        />
        {reasons.map((one) => (
          <Chip
            key={one.reason}
            text={one.reason}
            number={one.count}
            on={one.reason === reason}
            choose={() => choose(stage, one.reason)}
          />
        ))}
      </nav>
    </div>
  );
}

function Chip({
  text,
  number,
  on,
  choose,
}: {
  text: string;
  number: number | null;
  on: boolean;
  choose: () => void;
}) {
  return (
    <button type="button" className={styles.chip} aria-pressed={on} onClick={choose}>
      <span>{text}</span> <span className={styles.number}>{number === null ? "–" : count(number)}</span>
    </button>
  );
}
