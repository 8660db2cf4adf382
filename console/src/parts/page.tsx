import type { ReactNode } from "react";
import { useEffect } from "react";
import styles from "./page.module.css";

interface Props {
  title: string;
  /** Shown to the right of the title: buttons, counters. */
  actions?: ReactNode;
  /** Use the whole width, for pictures. */
  wide?: boolean;
  children?: ReactNode;
}

/** A screen: its heading, which is also the document's title, and its content. */
export function Page({ title, actions, wide = false, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Darkroom`;
  }, [title]);
  return (
    <div className={styles.page} data-wide={wide}>
      <header className={styles.head}>
        <h1>{title}</h1>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}
