import type { ReactNode } from "react";
import styles from "./badge.module.css";

export type Tone = "plain" | "good" | "warn" | "bad";

/** A state in one word. Its tone is also a shape, for those who don't see the colour. */
export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={styles.badge} data-tone={tone}>
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true">
        <path d={SHAPES[tone]} fill="currentColor" />
      </svg>
      {children}
    </span>
  );
}

const SHAPES: Record<Tone, string> = {
  plain: "M4 0a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0 1.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
  good: "M4 0a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  warn: "M4 .4 8 7.6H0z",
  bad: "M.6 0h6.8v8H.6z",
};

/** The state of an image. */
export function StateBadge({ state }: { state: string }) {
  const tones: Record<string, Tone> = { Analyzed: "good", PartlyFailed: "warn", Failed: "bad" };
  const names: Record<string, string> = {
    PartlyFailed: "Partly failed",
    Received: "Being analysed",
    Analyzed: "Analysed",
  };
  return <Badge tone={tones[state] ?? "plain"}>{names[state] ?? state}</Badge>;
}
