/** Beside the picture: which stages are drawn, above which score, and everything they found. */

import type { ReactNode } from "react";
import type { Answer } from "../../overlays/answer";
import { isShown } from "../../overlays/draw";
import { shownScore } from "../../overlays/text";
import { Badge } from "../../parts/badge";
import { count } from "../../parts/format";
import { useQueryNumber, useQuerySet, useQueryText } from "../../parts/query-state";
import { Swatch } from "../../parts/swatch";
import styles from "./panel.module.css";

const MOST_ROWS = 100;

interface Props {
  answers: readonly Answer[];
  /** Names of the stages that have not answered yet. */
  waiting: readonly string[];
  /** Shown below the answers. */
  children?: ReactNode;
}

export function Panel({ answers, waiting, children }: Props) {
  const [threshold, setThreshold] = useQueryNumber("threshold", 0, [0, 1]);
  const scored = answers.some((answer) =>
    [...answer.marks, ...answer.facts].some((one) => one.score !== null),
  );
  return (
    <aside className={styles.panel} aria-label="Answers">
      {scored && (
        <label className={styles.threshold}>
          <span>
            Threshold <output>{shownScore(threshold)}</output>
          </span>
          <input
            type="range"
            min="0"
            max="1"
            step="0.01"
            value={threshold}
            onChange={(event) => setThreshold(event.target.valueAsNumber)}
          />
        </label>
      )}
      {answers.map((answer) => (
        <Stage key={answer.stage} answer={answer} threshold={threshold} />
      ))}
      {waiting.map((name) => (
        <section key={name} className={styles.stage}>
          <header className={styles.head}>
            <h2>{name}</h2>
            <Badge>waiting</Badge>
          </header>
        </section>
      ))}
      {children}
    </aside>
  );
}

function Stage({ answer, threshold }: { answer: Answer; threshold: number }) {
  const [off, setOff] = useQuerySet("off");
  const [label, setLabel] = useQueryText("label");
  const all = [
    ...answer.facts.map((fact) => ({ label: fact.label, text: fact.label ?? fact.text, score: fact.score })),
    ...(answer.facts.length > 0 ? [] : answer.marks.map((mark) => ({ ...mark, text: mark.label }))),
  ];
  const rows = all.filter((row) => isShown(row, { threshold, compact: false }));
  const drawn = !off.has(answer.stage);

  function toggle() {
    const next = new Set(off);
    if (!next.delete(answer.stage)) next.add(answer.stage);
    setOff(next);
  }

  return (
    <section className={styles.stage} data-off={!drawn}>
      <header className={styles.head}>
        <h2>{answer.stage}</h2>
        <span className={styles.type}>{answer.type}</span>
        <label className={styles.toggle}>
          <input type="checkbox" role="switch" aria-checked={drawn} checked={drawn} onChange={toggle} />
          <span className="visually-hidden">Draw what {answer.stage} found</span>
        </label>
      </header>
      <ul className={styles.rows}>
        {rows.slice(0, MOST_ROWS).map((row, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity, and are never moved
          <li key={index}>
            {row.label === null ? (
              <span className={styles.text}>{row.text}</span>
            ) : (
              <button
                type="button"
                className={styles.label}
                aria-pressed={label === row.label}
                title={`Draw only ${row.label}`}
                onClick={() => setLabel(label === row.label ? "" : (row.label ?? ""))}
              >
                <Swatch label={row.label} />
                <span>{row.text}</span>
              </button>
            )}
            {row.score !== null && <Score value={row.score} />}
          </li>
        ))}
      </ul>
      {rows.length === 0 && (
        <p className={styles.none}>{all.length > 0 ? "Nothing above the threshold" : "Nothing found"}</p>
      )}
      <More hidden={rows.length - MOST_ROWS} cut={answer.more} below={all.length - rows.length} />
    </section>
  );
}

function Score({ value }: { value: number }) {
  return (
    <span className={styles.score}>
      <meter min="0" max="1" value={value} aria-hidden="true" />
      {shownScore(value)}
    </span>
  );
}

function More({ hidden, cut, below }: { hidden: number; cut: number; below: number }) {
  const more = Math.max(0, hidden) + cut;
  const sentences = [
    more > 0 && `${count(more)} more, in the JSON`,
    below > 0 && `${count(below)} below the threshold`,
  ];
  const text = sentences.filter(Boolean).join(" · ");
  return text ? <p className={styles.none}>{text}</p> : null;
}
