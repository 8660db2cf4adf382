/** The dead letters that match, newest first. Only those in view are in the page. */

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { letterThumbnailAddress } from "../../api/addresses";
import type { PagedRows } from "../../api/paged-rows";
import { usePipeline } from "../../api/pipeline";
import { asProblem } from "../../api/problems";
import { Button } from "../../parts/button";
import { clock } from "../../parts/format";
import { Thumbnail } from "../../parts/thumbnail";
import styles from "./dead-letters.module.css";
import { type DeadLetter, positionOf } from "./requests";

interface Props {
  letters: PagedRows<DeadLetter>;
  selected: ReadonlyMap<string, DeadLetter>;
  select: (letter: DeadLetter, on: boolean) => void;
  /** The position of the letter that is shown large. */
  open: string | null;
  show: (letter: DeadLetter) => void;
}

const ROW_PX = 76;

export function LetterList({ letters, selected, select, open, show }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    if (list.current) setTop(Math.round(list.current.getBoundingClientRect().top + window.scrollY));
  }, []);
  const virtual = useWindowVirtualizer({
    count: letters.length,
    estimateSize: () => ROW_PX,
    overscan: 6,
    scrollMargin: top,
  });
  const shown = virtual.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => letters.look(first, last), [letters, first, last]);

  return (
    <div>
      <ul
        ref={list}
        className={styles.list}
        style={{ height: virtual.getTotalSize() }}
        aria-label="Dead letters"
      >
        {shown.map(({ index, start }) => {
          const letter = letters.row(index);
          return (
            <li
              key={index}
              className={styles.item}
              style={{ transform: `translateY(${start - top}px)`, height: ROW_PX }}
            >
              {letter && (
                <Letter
                  letter={letter}
                  selected={selected.has(positionOf(letter))}
                  select={(on) => select(letter, on)}
                  open={positionOf(letter) === open}
                  show={() => show(letter)}
                />
              )}
            </li>
          );
        })}
      </ul>
      {letters.length > 0 && letters.error !== null && (
        <p className={styles.quiet}>
          {asProblem(letters.error).message}{" "}
          <Button small onClick={() => letters.retry()}>
            Try again
          </Button>
        </p>
      )}
    </div>
  );
}

interface LetterProps {
  letter: DeadLetter;
  selected: boolean;
  select: (on: boolean) => void;
  open: boolean;
  show: () => void;
}

function Letter({ letter, selected, select, open, show }: LetterProps) {
  const pipeline = usePipeline();
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(open);
  useEffect(() => {
    // Its panel, which had the focus, is closed.
    if (wasOpen.current && !open && document.activeElement === document.body) button.current?.focus();
    wasOpen.current = open;
  }, [open]);
  return (
    <div className={styles.letter} data-open={open}>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={selected}
          onChange={(event) => select(event.target.checked)}
          aria-label={`Select ${letter.reason} of ${clock(letter.failedAt)}`}
        />
      </label>
      <button ref={button} type="button" className={styles.show} aria-expanded={open} onClick={show}>
        <Thumbnail src={letterThumbnailAddress(pipeline, letter, 160)} className={styles.small} />
        <span className={styles.text}>
          <span className={styles.head}>
            <strong>{letter.reason}</strong>
            <time dateTime={letter.failedAt ?? undefined}>{clock(letter.failedAt)}</time>
            {letter.redrivenAt && <span className={styles.badge}>redriven {clock(letter.redrivenAt)}</span>}
            {letter.generation && <span className={styles.badge}>of a replay</span>}
          </span>
          <span className={styles.message}>{letter.message}</span>
        </span>
      </button>
    </div>
  );
}
