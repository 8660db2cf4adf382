/** The filters of Explore, as a form whose fields act at once. */

import { memo, type ReactNode, useId, useRef, useState } from "react";
import { useLocation } from "wouter";
import { pagePath, usePipeline, usePipelineSummary } from "../../api/pipeline";
import { Button } from "../../parts/button";
import { useShortcut } from "../../shell/keyboard";
import styles from "./filter-bar.module.css";
import { countOf, type Filters, STATES } from "./filters";
import type { Counts } from "./requests";
import { fromLocalInput, localInput } from "./time-axis";

interface Props {
  filters: Filters;
  change: (changes: Partial<Filters>) => void;
  counts: Counts | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const STATE_NAMES = {
  Received: "Being analysed",
  Analyzed: "Analysed",
  PartlyFailed: "Partly failed",
  Failed: "Failed",
};

export const FilterBar = memo(function FilterBar({ filters, change, counts }: Props) {
  const pipeline = usePipeline();
  const stages = usePipelineSummary()?.stages ?? [];
  const [, navigate] = useLocation();
  const labelField = useRef<HTMLInputElement>(null);
  const labels = useId();
  useShortcut("/", "Filter by a label", () => labelField.current?.focus());

  const counted = counts?.stages.filter((stage) => !filters.stage || stage.stage === filters.stage) ?? [];
  const known = [...new Set(counted.flatMap((stage) => stage.labels.map((one) => one.label)))].sort();
  const reasons = [...new Set(counted.flatMap((stage) => stage.reasons.map((one) => one.reason)))].sort();
  if (filters.reason && !reasons.includes(filters.reason)) reasons.push(filters.reason);
  const used = countOf(filters);
  // Only at first: opened by a range that is drawn in the histogram, it would push that away.
  const [open] = useState(() => countOf({ ...filters, label: undefined, state: undefined }) > 0);

  return (
    <form className={styles.form} aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <div className={styles.first}>
        <Field name="Label" className={styles.label}>
          <TextInput
            value={filters.label}
            list={labels}
            field={labelField}
            change={(label) => change({ label })}
          />
          <datalist id={labels}>
            {known.map((label) => (
              <option key={label} value={label} />
            ))}
          </datalist>
        </Field>
        <Field name="State">
          <select
            value={filters.state ?? ""}
            onChange={(event) => change({ state: STATES.find((one) => one === event.target.value) })}
          >
            <option value="">Any</option>
            {STATES.map((state) => (
              <option key={state} value={state}>
                {STATE_NAMES[state]}
              </option>
            ))}
          </select>
        </Field>
        {stages.length > 1 && (
          <Field name="Stage">
            <select
              value={filters.stage ?? ""}
              onChange={(event) => change({ stage: event.target.value || undefined })}
            >
              <option value="">Any</option>
              {stages.map((stage) => (
                <option key={stage.name}>{stage.name}</option>
              ))}
            </select>
          </Field>
        )}
        <Field name="Image id" className={styles.id}>
          <input
            type="search"
            placeholder="Paste to open"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => {
              const id = event.target.value.trim();
              if (UUID.test(id)) navigate(pagePath(pipeline, "images", id.toLowerCase()));
            }}
          />
        </Field>
        {used > 0 && (
          <Button small look="quiet" className={styles.clear} onClick={() => change(NOTHING)}>
            Clear {used === 1 ? "the filter" : `${used} filters`}
          </Button>
        )}
      </div>
      <details className={styles.more} open={open || undefined}>
        <summary>Score, time, key, reason</summary>
        <div className={styles.rest}>
          <Field name="Score from">
            <ScoreInput value={filters.minScore} change={(minScore) => change({ minScore })} />
          </Field>
          <Field name="Score to">
            <ScoreInput value={filters.maxScore} change={(maxScore) => change({ maxScore })} />
          </Field>
          <Field name="From">
            <TimeInput value={filters.from} change={(from) => change({ from })} />
          </Field>
          <Field name="To">
            <TimeInput value={filters.to} change={(to) => change({ to })} />
          </Field>
          <Field name="Key">
            <TextInput value={filters.key} change={(key) => change({ key })} />
          </Field>
          <Field name="Reason of failure">
            <select
              value={filters.reason ?? ""}
              onChange={(event) => change({ reason: event.target.value || undefined })}
            >
              <option value="">Any</option>
              {reasons.map((reason) => (
                <option key={reason}>{reason}</option>
              ))}
            </select>
          </Field>
        </div>
      </details>
    </form>
  );
});

const NOTHING: Partial<Filters> = {
  stage: undefined,
  label: undefined,
  minScore: undefined,
  maxScore: undefined,
  state: undefined,
  reason: undefined,
  key: undefined,
  from: undefined,
  to: undefined,
};

function Field({ name, className, children }: { name: string; className?: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label className={`${styles.field} ${className ?? ""}`}>
      <span>{name}</span>
      {children}
    </label>
  );
}

interface TextProps {
  value: string | undefined;
  change: (value: string | undefined) => void;
  list?: string;
  field?: React.Ref<HTMLInputElement>;
}

/** Acts when the text is complete: with Enter, when it is left, or when it is chosen from a list. */
function TextInput({ value, change, list, field }: TextProps) {
  return (
    <input
      key={value}
      ref={field}
      type="search"
      list={list}
      maxLength={200}
      defaultValue={value}
      autoComplete="off"
      onBlur={(event) => event.target.value !== (value ?? "") && change(event.target.value || undefined)}
      onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      onInput={(event) => {
        const { inputType } = event.nativeEvent as InputEvent;
        // Chosen from the list, or cleared by the cross.
        if (!inputType || inputType === "insertReplacementText")
          change(event.currentTarget.value || undefined);
      }}
    />
  );
}

function ScoreInput({
  value,
  change,
}: {
  value: number | undefined;
  change: (value: number | undefined) => void;
}) {
  return (
    <input
      type="number"
      min={0}
      max={1}
      step={0.05}
      inputMode="decimal"
      value={value ?? ""}
      onChange={(event) => {
        const score = event.target.valueAsNumber;
        change(score >= 0 && score <= 1 ? score : undefined);
      }}
    />
  );
}

function TimeInput({
  value,
  change,
}: {
  value: string | undefined;
  change: (value: string | undefined) => void;
}) {
  return (
    <input
      type="datetime-local"
      step={1}
      value={localInput(value)}
      onChange={(event) => change(fromLocalInput(event.target.value))}
    />
  );
}
