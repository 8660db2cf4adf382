import { useId } from "react";
import { usePipelineSummary } from "../../api/pipeline";
import { shownScore } from "../../overlays/text";
import { Button } from "../../parts/button";
import { useQueryNumber, useQueryText } from "../../parts/query-state";
import styles from "./filters.module.css";
import type { Filter, Tile } from "./wall";

/** Which images the wall shows: of a stage, with a label, above a score. */
export function Filters({ filter, tiles }: { filter: Filter; tiles: readonly Tile[] }) {
  const [, setStage] = useQueryText("stage");
  const [, setLabel] = useQueryText("label");
  const [, setMinScore] = useQueryNumber("minScore", 0, [0, 1]);
  const stages = usePipelineSummary()?.stages ?? [];
  const list = useId();
  const isSet = filter.stage !== "" || filter.label !== "" || filter.minScore > 0;

  function clear() {
    setStage("");
    setLabel("");
    setMinScore(0);
  }

  return (
    <search className={styles.filters}>
      {stages.length > 1 && (
        <label>
          Stage
          <select value={filter.stage} onChange={(event) => setStage(event.target.value)}>
            <option value="">All</option>
            {stages.map((stage) => (
              <option key={stage.name}>{stage.name}</option>
            ))}
          </select>
        </label>
      )}
      <label>
        Label
        <input
          type="search"
          list={list}
          placeholder="Any"
          defaultValue={filter.label}
          onKeyDown={(event) => event.key === "Enter" && setLabel(event.currentTarget.value.trim())}
          onBlur={(event) => setLabel(event.currentTarget.value.trim())}
        />
        <datalist id={list}>
          {labelsOf(tiles).map((label) => (
            <option key={label} value={label} />
          ))}
        </datalist>
      </label>
      <label>
        <span className={styles.score}>
          Score <output>{filter.minScore > 0 ? `≥ ${shownScore(filter.minScore)}` : "any"}</output>
        </span>
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          defaultValue={filter.minScore}
          onPointerUp={(event) => setMinScore(event.currentTarget.valueAsNumber)}
          onKeyUp={(event) => setMinScore(event.currentTarget.valueAsNumber)}
        />
      </label>
      {isSet && (
        <Button look="quiet" onClick={clear}>
          Clear
        </Button>
      )}
    </search>
  );
}

const MOST_LABELS = 50;

function labelsOf(tiles: readonly Tile[]): string[] {
  const labels = new Set<string>();
  for (const { answers } of tiles) {
    for (const one of answers.flatMap((answer) => [...answer.marks, ...answer.facts])) {
      if (one.label !== null) labels.add(one.label);
    }
  }
  return [...labels].sort().slice(0, MOST_LABELS);
}
