/** What somebody sees who opens a pipeline that has got no image yet: how to send one. */

import { Link } from "wouter";
import { pagePath, usePipeline } from "../api/pipeline";
import { CopyButton } from "./copy";
import { curlCommand } from "./curl";
import styles from "./first-run.module.css";
import { State } from "./states";

export function FirstRun() {
  const pipeline = usePipeline();
  const command = curlCommand(pipeline);
  return (
    <State icon="image" title="No image yet">
      <p>
        Send one to <strong>{pipeline.name}</strong>, and it appears here as soon as it is analysed.
      </p>
      <div className={styles.command}>
        <code>{command}</code>
        <CopyButton text={command} what="Command" />
      </div>
      <p>
        or <Link href={pagePath(pipeline, "submit")}>drop pictures on the submit page</Link>.
      </p>
    </State>
  );
}
