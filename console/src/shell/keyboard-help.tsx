import { useRef } from "react";
import { Button } from "../parts/button";
import shared from "../parts/dialog.module.css";
import { switchShortcuts, useShortcut, useShortcuts, useShortcutsAreOn } from "./keyboard";
import styles from "./keyboard-help.module.css";

const NAMES: Record<string, string> = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
const ID = "keyboard-help";

export function openKeyboardHelp(): void {
  const dialog = document.getElementById(ID);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("button")?.focus();
}

export function KeyboardHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const on = useShortcutsAreOn();
  const shortcuts = useShortcuts();
  useShortcut("?", "List the keys", openKeyboardHelp);
  return (
    <dialog
      id={ID}
      ref={dialog}
      className={`${shared.dialog} ${styles.dialog}`}
      aria-labelledby="keyboard-help-title"
    >
      <h2 id="keyboard-help-title">Keyboard shortcuts</h2>
      <dl className={styles.list}>
        {shortcuts.map((one) => (
          <div key={one.keys}>
            <dt>
              {(one.keys === " " ? [" "] : one.keys.split(" ")).map((key) => (
                <kbd key={key}>{NAMES[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{one.description}</dd>
          </div>
        ))}
      </dl>
      <label className={styles.on}>
        <input type="checkbox" checked={on} onChange={(event) => switchShortcuts(event.target.checked)} />
        Use these shortcuts
      </label>
      <Button onClick={() => dialog.current?.close()}>Close</Button>
    </dialog>
  );
}
