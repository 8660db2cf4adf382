import { count } from "../../parts/format";
import styles from "./counter.module.css";
import type { Counts } from "./wall";

interface Props {
  counts: Counts;
  waiting: number;
  filtered: boolean;
}

/** How many answers came, and what became of them: the numbers add up. */
export function Counter({ counts, waiting, filtered }: Props) {
  const numbers: [string, number, string][] = [
    ["seen", counts.seen, "Answers since this page was opened"],
    ["shown", counts.shown, "On the wall, now or before"],
    ["skipped", counts.skipped, "Came faster than the wall changes"],
  ];
  if (filtered) numbers.push(["not matching", counts.unmatched, "Left out by the filter"]);
  if (waiting > 0)
    numbers.push(["waiting", counts.seen - counts.shown - counts.skipped - counts.unmatched, "Shown next"]);
  return (
    <dl className={styles.counter}>
      {numbers.map(([name, value, title]) => (
        <div key={name} title={title}>
          <dt>{name}</dt>
          <dd>{count(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
