/** Why stages failed on the image, and what to do about it. */

import { Link } from "wouter";
import type { Schemas } from "../../api/client";
import { pagePath, usePipeline } from "../../api/pipeline";
import { shownText } from "../../overlays/text";
import { Badge } from "../../parts/badge";
import { counted } from "../../parts/format";
import { Time } from "../../parts/time";
import styles from "./failures.module.css";

/** The reasons of docs/how-to/dead-letters.md. */
const WHAT_TO_DO: Record<string, string> = {
  NotAnImage: "The bytes are not an image: check the sender.",
  DecodeError: "The image is damaged: check the sender.",
  TooLarge: "Raise images.maxBytes of the pipeline, or send smaller images.",
  TooManyPixels: "Send images of at most 100 megapixels.",
  ResultTooLarge: "Raise max.message.bytes in the stage's results.config.",
  InferenceError: "Fix the model, then redrive the dead letter.",
  PoisonImage: "The image crashed the worker: read the worker's log, fix the model, then redrive.",
  DeliveryLimit:
    "Workers were given the image too often without finishing it: read their logs, then redrive.",
};

export function Failures({ failures }: { failures: readonly Schemas["Failure"][] }) {
  const pipeline = usePipeline();
  if (failures.length === 0) return null;
  return (
    <section className={styles.failures} aria-labelledby="failures">
      <h2 id="failures">Why it failed</h2>
      {failures.map((failure) => (
        <article key={`${failure.stage} ${failure.generation ?? ""}`} className={styles.failure}>
          <header>
            <Badge tone="bad">{failure.reason}</Badge>
            <span>
              {failure.stage}, after {counted(failure.attempts, "attempt")}
              {failure.failedAt && (
                <>
                  , at <Time at={failure.failedAt} />
                </>
              )}
            </span>
          </header>
          <p className={styles.message}>{shownText(failure.message, 1_000)}</p>
          {WHAT_TO_DO[failure.reason] && <p>{WHAT_TO_DO[failure.reason]}</p>}
          {failure.redrivenAt && (
            <p>
              Redriven at <Time at={failure.redrivenAt} />.
            </p>
          )}
          <Link
            href={`${pagePath(pipeline, "dead-letters")}?${new URLSearchParams({ stage: failure.stage, reason: failure.reason })}`}
          >
            Dead letters with this reason
          </Link>
        </article>
      ))}
    </section>
  );
}
