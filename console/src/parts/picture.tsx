/** An image with the answers of its stages drawn over it. */

import { useEffect, useRef, useState } from "react";
import type { Answer } from "../overlays/answer";
import { draw } from "../overlays/draw";
import { contain } from "../overlays/view";
import { Icon } from "./icon";
import { loadsWhileShown } from "./loads-while-shown";
import styles from "./picture.module.css";

interface Props {
  /** Addresses of the image, best first: the next is tried if the browser can't show one. */
  sources: readonly string[];
  /** What is in the image, for those who don't see it. */
  alt: string;
  answers: readonly Answer[];
  threshold?: number;
  /** Draw only this label. */
  label?: string | null;
  compact?: boolean;
  /** Load at once, not when it is scrolled into view. */
  eager?: boolean;
  /** Said where the picture cannot be shown. */
  note?: string;
}

const NO_ANSWERS: readonly Answer[] = [];

export function Picture({
  sources,
  alt,
  answers,
  threshold = 0,
  label = null,
  compact = false,
  eager,
  note = "No preview",
}: Props) {
  const [failed, setFailed] = useState(0);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const source = sources[failed];
  return (
    <div className={styles.frame} data-loaded={size !== null} data-compact={compact || undefined}>
      {source ? (
        <img
          ref={loadsWhileShown}
          key={source}
          src={source}
          alt={alt}
          loading={eager ? "eager" : "lazy"}
          decoding="async"
          onLoad={(event) =>
            setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })
          }
          onError={() => setFailed((count) => count + 1)}
        />
      ) : (
        <div className={styles.missing}>
          <Icon name="image" size={compact ? 22 : 32} />
          <span>{note}</span>
          <span className="visually-hidden">{alt}</span>
        </div>
      )}
      {source && !size && !compact && <div className={styles.missing}>Loading the picture …</div>}
      {answers.length > 0 && (
        <Overlay
          answers={source && !size ? NO_ANSWERS : answers}
          shown={size}
          threshold={threshold}
          label={label}
          compact={compact}
        />
      )}
    </div>
  );
}

interface OverlayProps {
  answers: readonly Answer[];
  /** Size of the image if it is shown: of a thumbnail, whose shape is that of the original. */
  shown: { width: number; height: number } | null;
  threshold: number;
  label: string | null;
  compact: boolean;
}

function Overlay({ answers, shown, threshold, label, compact }: OverlayProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const target = canvas.current;
    if (!target) return;
    // Calls at once, too. It gives the size: to ask the canvas would lay out the page once for each picture.
    const observer = new ResizeObserver(([entry]) => {
      if (entry) paintOn(target, entry.contentRect, answers, shown, { threshold, label, compact });
    });
    observer.observe(target);
    return () => observer.disconnect();
  }, [answers, shown, threshold, label, compact]);
  return <canvas ref={canvas} />;
}

function paintOn(
  canvas: HTMLCanvasElement,
  frame: { width: number; height: number },
  answers: readonly Answer[],
  shown: { width: number; height: number } | null,
  options: { threshold: number; label: string | null; compact: boolean },
): void {
  const context = canvas.getContext("2d");
  if (!context || frame.width === 0) return;
  canvas.width = Math.round(frame.width * devicePixelRatio);
  canvas.height = Math.round(frame.height * devicePixelRatio);
  context.scale(devicePixelRatio, devicePixelRatio);
  const original = answers.find((answer) => answer.width > 0) ?? shown;
  if (original) draw(context, answers, contain(original, frame), options);
}
