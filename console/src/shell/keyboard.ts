/** Keyboard shortcuts: registered by the parts that have them, listed by the help. */

import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Shortcut {
  /** A `KeyboardEvent.key`, or two after another: "g l". */
  keys: string;
  description: string;
}

interface Registered extends Shortcut {
  run: () => void;
}

const SEQUENCE_MS = 1_000;
const OFF_KEY = "darkroom.shortcuts";
let registered: readonly Registered[] = [];
let before = { key: "", at: 0 };
const listeners = new Set<() => void>();

function changed(next: readonly Registered[]): void {
  registered = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether single keys act: WCAG 2.1.4 wants a way to switch them off. */
export function shortcutsAreOn(): boolean {
  try {
    return localStorage.getItem(OFF_KEY) !== "off";
  } catch {
    return true;
  }
}

export function switchShortcuts(on: boolean): void {
  try {
    if (on) localStorage.removeItem(OFF_KEY);
    else localStorage.setItem(OFF_KEY, "off");
  } catch {
    // Without storage they stay on.
  }
  changed([...registered]);
}

export function useShortcutsAreOn(): boolean {
  return useSyncExternalStore(subscribe, shortcutsAreOn);
}

/** The shortcuts of what is shown, for the help. */
export function useShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => registered);
}

/** Run `run` when the keys are pressed, as long as the component is shown. */
export function useShortcut(keys: string, description: string, run: () => void): void {
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const shortcut = { keys, description, run: () => latest.current() };
    changed([...registered, shortcut]);
    return () => changed(registered.filter((one) => one !== shortcut));
  }, [keys, description]);
}

/** Whether a key typed at `target` belongs to it: text is typed there, or the key operates it. */
function isTakenBy(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target.closest("input:not([type=radio], [type=checkbox]), textarea, select")
  )
    return true;
  if (key === "Enter" && target.closest("a")) return true;
  return (key === " " || key === "Enter") && target.closest("button, summary, input, label") !== null;
}

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTakenBy(event.target, event.key) || !shortcutsAreOn() || document.querySelector("dialog[open]"))
    return;
  const sequence = event.timeStamp - before.at < SEQUENCE_MS ? `${before.key} ${event.key}` : "";
  const found =
    registered.findLast((one) => one.keys === sequence) ??
    registered.findLast((one) => one.keys === event.key);
  before = { key: event.key, at: event.timeStamp };
  if (!found) return;
  event.preventDefault();
  before = { key: "", at: 0 };
  found.run();
});
