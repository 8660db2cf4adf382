/** Dead letters: what the stages could not analyse, why, and how to redrive it. */

import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "wouter";
import { usePipeline, usePipelineSummary } from "../../api/pipeline";
import { useStatus } from "../../api/status";
import { usePagedRows } from "../../api/use-paged-rows";
import { Button } from "../../parts/button";
import { counted } from "../../parts/format";
import { Page } from "../../parts/page";
import { Empty, Loading, ProblemState } from "../../parts/states";
import { useMissing } from "../../session/rights";
import { WhyNot } from "../../session/why-not";
import styles from "./dead-letters.module.css";
import { LetterList } from "./letter-list";
import { LetterPanel } from "./letter-panel";
import { Reasons } from "./reasons";
import { RedriveDialog } from "./redrive-dialog";
import { RedriveRecord, RunningRedrives } from "./redrive-record";
import { type DeadLetter, listLetters, positionOf, type Selection } from "./requests";

/** The API takes at most this many ids. */
const MOST_SELECTED = 1_000;
const EVERY_MS = 5_000;
/** The id of the note that says why there are no redrives. */
const WHY_NOT_REDRIVE = "why-not-redrive";

export default function DeadLetters() {
  const pipeline = usePipeline();
  const stages = usePipelineSummary()?.stages.map((stage) => stage.name) ?? [];
  const status = useStatus(pipeline, EVERY_MS);
  const reasons = status.data?.stages.map((one) => ({ stage: one.name, ...one.deadLetters }));
  const [query, setQuery] = useSearchParams();
  const withLetters = reasons?.find((one) => (one.total ?? 0) > 0)?.stage;
  const stage = query.get("stage") ?? withLetters ?? stages[0];
  if (!stage) {
    return (
      <Page title="Dead letters">
        <Loading what="Loading the stages" />
      </Page>
    );
  }
  const change = (changes: Record<string, string | null>) =>
    setQuery(
      (now) => {
        const next = new URLSearchParams(now);
        for (const [name, value] of Object.entries(changes)) {
          if (value === null) next.delete(name);
          else next.set(name, value);
        }
        return next;
      },
      { replace: true },
    );
  return (
    <Letters
      key={`${stage} ${query.get("reason")}`}
      stage={stage}
      reason={query.get("reason")}
      open={query.get("letter")}
      change={change}
      reasons={
        <Reasons
          stages={stages.map(
            (name) =>
              reasons?.find((one) => one.stage === name) ?? { stage: name, total: null, byReason: [] },
          )}
          stage={stage}
          reason={query.get("reason")}
          choose={(chosen, reason) => change({ stage: chosen, reason, letter: null })}
        />
      }
    />
  );
}

interface Props {
  stage: string;
  reason: string | null;
  /** The position of the letter that is shown large. */
  open: string | null;
  change: (changes: Record<string, string | null>) => void;
  reasons: React.ReactNode;
}

function Letters({ stage, reason, open, change, reasons }: Props) {
  const pipeline = usePipeline();
  const [reads, setReads] = useState(0);
  const [selected, setSelected] = useState<ReadonlyMap<string, DeadLetter>>(new Map());
  const [redriving, setRedriving] = useState<Selection | null>(null);
  const filters = reason ? { stage, reason } : { stage };
  const letters = usePagedRows<DeadLetter>(JSON.stringify([pipeline, filters, reads]), (after, signal) =>
    listLetters(pipeline, filters, after, signal),
  );
  const found = open === null ? undefined : letters.find((letter) => positionOf(letter) === open);
  const kept = useRef(found);
  useEffect(() => {
    if (found) kept.current = found;
  });
  // While the list is read again, its panel stays.
  const shown = found ?? (kept.current && positionOf(kept.current) === open ? kept.current : undefined);
  const select = (letter: DeadLetter, on: boolean) =>
    setSelected((now) => {
      const next = new Map(now);
      if (on && next.size < MOST_SELECTED) next.set(positionOf(letter), letter);
      else next.delete(positionOf(letter));
      return next;
    });
  const all: Selection = reason ? { stage, reason } : { stage, all: true };
  const missing = useMissing("Redrive");
  const why = missing === null ? undefined : WHY_NOT_REDRIVE;
  const ids = [...new Set([...selected.values()].map((letter) => letter.id))];

  return (
    <Page
      title="Dead letters"
      wide
      actions={
        <>
          <WhyNot id={WHY_NOT_REDRIVE} missing={missing} />
          <Button onClick={() => setReads(reads + 1)}>Reload</Button>
          {ids.length > 0 && (
            <Button look="quiet" onClick={() => setSelected(new Map())}>
              Select none
            </Button>
          )}
          {/* One button, which keeps the focus when its text changes. */}
          <Button
            look="primary"
            disabled={letters.length === 0 || missing !== null}
            aria-describedby={why}
            onClick={() => setRedriving(ids.length > 0 ? { stage, ids } : all)}
          >
            {ids.length > 0 ? `Redrive ${counted(ids.length, "image")}` : "Redrive all that match"}
          </Button>
        </>
      }
    >
      {reasons}
      <RunningRedrives onEnd={() => setReads((now) => now + 1)} />
      {letters.length === 0 && letters.error !== null && (
        <ProblemState error={letters.error} retry={() => letters.retry()} />
      )}
      {letters.length === 0 && letters.error === null && !letters.complete && (
        <Loading what="Loading dead letters" />
      )}
      {letters.length === 0 && letters.complete && (
        <Empty title="No dead letter">
          <p>
            {reason
              ? `No image failed for ${reason} in ${stage}.`
              : `The stage ${stage} could analyse every image.`}
          </p>
        </Empty>
      )}
      <div className={styles.columns} data-open={shown !== undefined}>
        <LetterList
          letters={letters}
          selected={selected}
          select={select}
          open={open}
          show={(letter) => change({ letter: positionOf(letter) })}
        />
        {shown && (
          <LetterPanel
            letter={shown}
            close={() => change({ letter: null })}
            redrive={missing === null ? () => setRedriving({ stage: shown.stage, ids: [shown.id] }) : null}
          />
        )}
      </div>
      <RedriveRecord />
      {redriving && (
        <RedriveDialog
          selection={redriving}
          close={() => setRedriving(null)}
          started={() => setSelected(new Map())}
        />
      )}
    </Page>
  );
}
