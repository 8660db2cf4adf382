/** Asks before a redrive: what it redrives, how many images that are now, and how fast. */

import { useEffect, useRef, useState } from "react";
import { usePipeline } from "../../api/pipeline";
import { asProblem } from "../../api/problems";
import { Button } from "../../parts/button";
import shared from "../../parts/dialog.module.css";
import { count, counted, duration } from "../../parts/format";
import { announce } from "../../shell/status-line";
import styles from "./redrive-dialog.module.css";
import { type Selection, useMatched, useStartRedrive } from "./requests";

interface Props {
  selection: Selection;
  close: () => void;
  started: () => void;
}

const FASTEST = 1_000;
const USUAL = 50;

export function RedriveDialog({ selection, close, started }: Props) {
  const pipeline = usePipeline();
  const dialog = useRef<HTMLDialogElement>(null);
  const matched = useMatched(pipeline, selection);
  const start = useStartRedrive(pipeline);
  const [rate, setRate] = useState<number>(USUAL);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  const valid = rate >= 1 && rate <= FASTEST;

  return (
    <dialog
      ref={dialog}
      className={`${shared.dialog} ${styles.dialog}`}
      aria-labelledby="redrive-title"
      onClose={close}
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate(
            { selection, ratePerSecond: rate },
            {
              onSuccess: () => {
                announce(`The redrive of ${counted(matched.data, "image")} has begun.`);
                started();
                dialog.current?.close(); // the browser returns the focus
              },
            },
          );
        }}
      >
        <h2 id="redrive-title">Redrive {described(selection)}</h2>
        <p>
          The images are published again, only for the stage {selection.stage}. Fix the cause first: an image
          that fails again becomes a dead letter again.
        </p>
        {matched.data === 0 && <p>Every image that matches was redriven already.</p>}
        <p className={styles.number} aria-live="polite">
          {matched.isPending && "Counting …"}
          {matched.isError && asProblem(matched.error).message}
          {matched.data !== undefined && (
            <>
              <strong>{counted(matched.data, "image")}</strong>{" "}
              {valid && matched.data > 0 && `take at least ${duration((matched.data / rate) * 1_000)}`}
            </>
          )}
        </p>
        <label className={styles.rate}>
          Images per second
          <input
            type="number"
            min={1}
            max={FASTEST}
            required
            value={Number.isNaN(rate) ? "" : rate}
            onChange={(event) => setRate(event.target.valueAsNumber)}
          />
        </label>
        {!valid && <p className={styles.error}>Enter a rate from 1 to {count(FASTEST)} images per second.</p>}
        {start.isError && (
          <p role="alert" className={styles.error}>
            {asProblem(start.error).message}
          </p>
        )}
        <div className={styles.buttons}>
          <Button onClick={() => dialog.current?.close()}>Cancel</Button>
          <Button type="submit" look="primary" disabled={!matched.data || !valid || start.isPending}>
            Redrive
          </Button>
        </div>
      </form>
    </dialog>
  );
}

function described(selection: Selection): string {
  if (selection.ids) return selection.ids.length === 1 ? "one image" : `${selection.ids.length} images`;
  if (selection.reason) return `all images with ${selection.reason}`;
  return `all images that failed in ${selection.stage}`;
}
