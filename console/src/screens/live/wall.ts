/** What the wall shows: the newest images, no more than a person can look at, and how many it left out. */

import type { Batch, LiveFailure, LiveResult } from "../../api/live/protocol";
import { type Answer, readAnswer } from "../../overlays/answer";

export interface Filter {
  /** "" for all. */
  stage: string;
  label: string;
  minScore: number;
}

export interface Tile {
  id: string;
  at: string;
  summaries: readonly { stage: string; text: string }[];
  answers: readonly Answer[];
  failures: readonly { stage: string; reason: string }[];
}

/** `seen` = `shown` + `skipped` + `unmatched` + those that wait. */
export interface Counts {
  /** Results and failures that were published since the page was opened. */
  seen: number;
  shown: number;
  /** There were more at once than can be shown, or than the browser could take. */
  skipped: number;
  /** The filter leaves them out. */
  unmatched: number;
}

export const MOST_TILES = 60;
/** New images a second, while more come. A person can't look at more, and each takes time of the service. */
const MOST_ADDED = 6;
/** New images at once, after a time with fewer. */
export const MOST_AT_ONCE = 12;
const TICK_MS = 500;
/** Between two batches of the service, which come at multiples of 100 or 500 ms of the clock. */
const TICK_AT_MS = 50;

/**
 * The time until the next tick. All pages tick at the same times of the clock: then they show the same images, and the
 * service makes each thumbnail once for all of them.
 */
export function untilTick(nowMs: number): number {
  const left = TICK_MS - ((nowMs - TICK_AT_MS) % TICK_MS);
  return left > TICK_MS / 2 ? left : left + TICK_MS; // a timer is a little early or late
}

/** Whether a tick is that of a whole second, not the one in between. */
function isOfWholeSecond(nowMs: number): boolean {
  return Math.round((nowMs - TICK_AT_MS) / TICK_MS) % 2 === 0;
}

interface Waiting {
  tile: Tile;
  /** Results and failures in it. */
  events: number;
}

export class Wall {
  tiles: readonly Tile[] = [];
  counts: Counts = { seen: 0, shown: 0, skipped: 0, unmatched: 0 };
  #waiting = new Map<string, Waiting>();
  /** So many images may be added now. */
  #room = MOST_AT_ONCE;
  readonly #filter: Filter;

  constructor(filter: Filter) {
    this.#filter = filter;
  }

  /** Images that came and are not shown yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Show images from before the page was opened; they are not counted. */
  prefill(results: readonly LiveResult[]): void {
    const older = new Map<string, Tile>();
    for (const result of results) {
      const tile = tileOf(result);
      if (matches(tile, this.#filter)) older.set(tile.id, merged(older.get(tile.id), tile));
    }
    const known = new Set(this.tiles.map((tile) => tile.id));
    this.tiles = [...this.tiles, ...[...older.values()].filter((tile) => !known.has(tile.id))].slice(
      0,
      MOST_TILES,
    );
  }

  /** Take what came. The tiles change at the next `tick`. */
  take({ results, failures, dropped }: Batch): void {
    const counts = { ...this.counts };
    counts.seen += results.length + failures.length + dropped;
    counts.skipped += dropped;
    for (const tile of oldestFirst([...results.map(tileOf), ...failures.map(failedTile)])) {
      if (!matches(tile, this.#filter)) counts.unmatched += 1;
      else this.#wait(tile);
    }
    for (const { id, waiting } of this.#oldest(this.#waiting.size - MOST_TILES)) {
      counts.skipped += waiting.events;
      this.#waiting.delete(id);
    }
    this.counts = counts;
  }

  /**
   * Show what waits. If there is no room for all, the newest are shown at whole seconds, and the others are skipped.
   * Returns whether to draw the page; else all that came waits for the next tick.
   */
  tick(nowMs: number): boolean {
    this.#room = Math.min(this.#room + MOST_ADDED / 2, MOST_AT_ONCE);
    if (!isOfWholeSecond(nowMs) && this.#newOnes() > this.#room) return false;
    this.#show(this.#room);
    return true;
  }

  /** Show all that wait. */
  showAll(): void {
    this.#show(MOST_TILES);
  }

  /** How many of those that wait are not on the wall. */
  #newOnes(): number {
    const shown = new Set(this.tiles.map((tile) => tile.id));
    return [...this.#waiting.keys()].filter((id) => !shown.has(id)).length;
  }

  #show(most: number): void {
    if (this.#waiting.size === 0) return;
    const counts = { ...this.counts };
    const shown = new Map(this.tiles.map((tile) => [tile.id, tile]));
    const added: Tile[] = [];
    for (const { tile, events } of [...this.#waiting.values()].reverse()) {
      const known = shown.get(tile.id);
      if (known) shown.set(tile.id, merged(known, tile));
      else if (added.length < most) added.push(tile);
      else {
        counts.skipped += events;
        continue;
      }
      counts.shown += events;
    }
    this.#waiting.clear();
    this.#room = Math.max(0, this.#room - added.length);
    this.tiles = [...added, ...shown.values()].slice(0, MOST_TILES);
    this.counts = counts;
  }

  #wait(tile: Tile): void {
    const before = this.#waiting.get(tile.id);
    this.#waiting.set(tile.id, { tile: merged(before?.tile, tile), events: (before?.events ?? 0) + 1 });
  }

  *#oldest(number: number): Generator<{ id: string; waiting: Waiting }> {
    for (const [id, waiting] of [...this.#waiting].slice(0, Math.max(0, number))) yield { id, waiting };
  }
}

/** A batch has the newest first; those of the same time keep their order. */
function oldestFirst(tiles: readonly Tile[]): Tile[] {
  return tiles.toReversed().sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)));
}

/** The image with the answers of both, the newer ones last. */
function merged(older: Tile | undefined, newer: Tile): Tile {
  if (!older) return newer;
  const stages = new Set([...newer.summaries, ...newer.failures].map((one) => one.stage));
  return {
    ...newer,
    // biome-ignore lint/complexity/useMathMinMax: they are texts
    at: older.at > newer.at ? older.at : newer.at,
    summaries: [...older.summaries.filter((summary) => !stages.has(summary.stage)), ...newer.summaries],
    answers: [...older.answers.filter((answer) => !stages.has(answer.stage)), ...newer.answers],
    failures: [...older.failures.filter((failure) => !stages.has(failure.stage)), ...newer.failures],
  };
}

function tileOf({ id, stage, analyzedAt, summary, data }: LiveResult): Tile {
  const answer = readAnswer(data);
  return {
    id,
    at: analyzedAt,
    summaries: [{ stage, text: summary }],
    answers: answer ? [answer] : [],
    failures: [],
  };
}

function failedTile({ id, failedAt, stage, reason }: LiveFailure): Tile {
  return { id, at: failedAt ?? "", summaries: [], answers: [], failures: [{ stage, reason }] };
}

/** Whether something in the tile, which has one result or failure, is as the filter wants it. */
function matches(tile: Tile, { stage, label, minScore }: Filter): boolean {
  const stages = [...tile.summaries, ...tile.failures].map((one) => one.stage);
  if (stage && !stages.includes(stage)) return false;
  if (!label && minScore === 0) return true;
  return tile.answers.some((answer) =>
    [...answer.marks, ...answer.facts].some(
      (one) =>
        (!label || one.label === label) && (minScore === 0 || (one.score !== null && one.score >= minScore)),
    ),
  );
}
