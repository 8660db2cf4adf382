/** What every page has around it: navigation, status line, keyboard help. */

import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { SessionEnded } from "../session/session-ended";
import { Health } from "./health";
import { KeyboardHelp } from "./keyboard-help";
import { Navigation } from "./navigation";
import styles from "./shell.module.css";
import { StatusLine } from "./status-line";

export function Shell({ children }: { children: ReactNode }) {
  const main = useRef<HTMLElement>(null);
  const [path] = useLocation();
  const shown = useRef(path);

  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    main.current?.focus({ preventScroll: true }); // as after the load of a page
    window.scrollTo(0, 0);
  }, [path]);

  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <Navigation />
      <div className={styles.content}>
        <SessionEnded />
        <Health />
        <main id="main" ref={main} tabIndex={-1}>
          {children}
        </main>
      </div>
      <StatusLine />
      <KeyboardHelp />
    </div>
  );
}
