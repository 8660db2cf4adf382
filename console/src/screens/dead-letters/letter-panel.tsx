/** One dead letter: its picture, everything about its failure, and what can be done. */

import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { letterThumbnailAddress } from "../../api/addresses";
import { pagePath, usePipeline } from "../../api/pipeline";
import { Button } from "../../parts/button";
import { bytes, clock } from "../../parts/format";
import { Icon } from "../../parts/icon";
import { Thumbnail } from "../../parts/thumbnail";
import { useShortcut } from "../../shell/keyboard";
import styles from "./letter-panel.module.css";
import { type DeadLetter, positionOf } from "./requests";

export function LetterPanel({
  letter,
  close,
  redrive,
}: {
  letter: DeadLetter;
  close: () => void;
  /** Null for those who may not. */
  redrive: (() => void) | null;
}) {
  const pipeline = usePipeline();
  const panel = useRef<HTMLElement>(null);
  const position = positionOf(letter);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each letter that is opened comes into view
  useEffect(() => {
    panel.current?.scrollIntoView({ block: "nearest" }); // returns a promise in new browsers
    // From the list, which has too many stops to pass with the Tab key.
    if (document.activeElement?.matches("li [aria-expanded=true]"))
      panel.current?.focus({ preventScroll: true });
  }, [position]);
  useShortcut("Escape", "Close the dead letter", close);
  const facts: [string, string][] = [
    ["Stage", letter.stage],
    ["Failed", clock(letter.failedAt)],
    ["Redriven", letter.redrivenAt ? clock(letter.redrivenAt) : "no"],
    ["Attempts", String(letter.attempts)],
    ["File", [letter.contentType, bytes(letter.bytes)].filter(Boolean).join(", ")],
    ["Dead letter", `partition ${letter.partition}, offset ${letter.offset}`],
    ...(letter.source
      ? [
          ["Image", `${letter.source.topic} ${letter.source.partition}/${letter.source.offset}`] as [
            string,
            string,
          ],
        ]
      : []),
    ...(letter.generation ? [["Replay", letter.generation] as [string, string]] : []),
  ];
  return (
    <section ref={panel} tabIndex={-1} className={styles.panel} aria-label={`Dead letter ${letter.reason}`}>
      <header>
        <h2>{letter.reason}</h2>
        <Button small look="quiet" onClick={close} aria-label="Close">
          <Icon name="close" />
        </Button>
      </header>
      <Thumbnail
        src={letterThumbnailAddress(pipeline, letter, 640)}
        className={styles.picture}
        note="This file cannot be shown as an image."
      />
      <p className={styles.message}>{letter.message}</p>
      <div className={styles.actions}>
        {redrive && <Button onClick={redrive}>Redrive</Button>}
        <Link className={styles.link} href={pagePath(pipeline, "images", letter.id)}>
          Image and trace
        </Link>
        <a className={styles.link} href={letter.content} download>
          Download
        </a>
      </div>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
