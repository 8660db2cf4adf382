import { useLocation } from "wouter";
import { type PipelineName, pagePath } from "../api/pipeline";
import { useShortcut } from "./keyboard";
import type { Screen } from "./navigation";

/** `g` and a letter opens a screen. The list must always have the same length. */
export function useScreenShortcuts(pipeline: PipelineName, screens: readonly Screen[]): void {
  const [, navigate] = useLocation();
  for (const screen of screens) {
    // biome-ignore lint/correctness/useHookAtTopLevel: the list is a constant
    useShortcut(`g ${screen.key}`, `Open ${screen.label}`, () => navigate(pagePath(pipeline, screen.path)));
  }
}
