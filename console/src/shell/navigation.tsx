import { use } from "react";
import { Link, useRoute } from "wouter";
import { PipelineContext, type PipelineName, pagePath } from "../api/pipeline";
import { Brand } from "../parts/brand";
import { Icon, type IconName } from "../parts/icon";
import { Account } from "../session/account";
import { openKeyboardHelp } from "./keyboard-help";
import styles from "./navigation.module.css";
import { PipelinePicker } from "./pipeline-picker";
import { useScreenShortcuts } from "./screen-shortcuts";
import { ThemeSwitch } from "./theme-switch";

export interface Screen {
  path: string;
  label: string;
  icon: IconName;
  /** Typed after `g`. */
  key: string;
}

export const SCREENS: readonly Screen[] = [
  { path: "live", label: "Live", icon: "live", key: "l" },
  { path: "explore", label: "Explore", icon: "explore", key: "e" },
  { path: "dead-letters", label: "Dead letters", icon: "letters", key: "d" },
  { path: "overview", label: "Overview", icon: "overview", key: "o" },
  { path: "submit", label: "Submit", icon: "submit", key: "s" },
];

export function Navigation() {
  const pipeline = use(PipelineContext);
  return (
    <header className={styles.bar}>
      <div className={styles.top}>
        <Link href="/" className={styles.brand}>
          <Brand size={22} />
          Darkroom
        </Link>
        <PipelinePicker />
      </div>
      {pipeline && <ScreenLinks pipeline={pipeline} />}
      <div className={styles.foot}>
        <Account />
        <ThemeSwitch />
        <button type="button" className={styles.help} onClick={openKeyboardHelp}>
          <Icon name="keyboard" />
          <span>Keyboard</span>
          <kbd>?</kbd>
        </button>
        <a className={styles.help} href="/docs">
          <Icon name="code" />
          API
        </a>
      </div>
    </header>
  );
}

function ScreenLinks({ pipeline }: { pipeline: PipelineName }) {
  useScreenShortcuts(pipeline, SCREENS);
  return (
    <nav className={styles.screens} aria-label="Pipeline">
      <ul>
        {SCREENS.map((screen) => (
          <li key={screen.path}>
            <ScreenLink screen={screen} pipeline={pipeline} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function ScreenLink({ screen, pipeline }: { screen: Screen; pipeline: PipelineName }) {
  const path = pagePath(pipeline, screen.path);
  const [active] = useRoute(path);
  return (
    <Link href={path} className={styles.screen} aria-current={active ? "page" : undefined}>
      <Icon name={screen.icon} />
      <span>{screen.label}</span>
    </Link>
  );
}
