/** The status line: one sentence about what just happened, also for screen readers, which it does not interrupt. */

import { useEffect, useSyncExternalStore } from "react";
import styles from "./status-line.module.css";

const SHOWN_MS = 6_000;
let text = "";
const listeners = new Set<() => void>();

/** Say what happened, in one sentence: "12 images sent." */
export function announce(sentence: string): void {
  text = sentence;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function StatusLine() {
  const shown = useSyncExternalStore(subscribe, () => text);
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => announce(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <div role="status" aria-live="polite" className={styles.line} data-shown={shown !== ""}>
      {shown}
    </div>
  );
}
