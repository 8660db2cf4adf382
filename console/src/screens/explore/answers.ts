/** The answers of the images in view, to draw them: read in batches, and kept for those last looked at. */

import { type Answer, readAnswer } from "../../overlays/answer";
import type { ListedImage } from "./requests";

/** The data of the newest results of images, as in analyzed events. */
export type FetchResults = (imageIds: readonly string[], signal: AbortSignal) => Promise<unknown[]>;

/** Images in a request. */
export const BATCH = 50;
const MOST_KEPT = 600;
/** A list that is scrolled fast asks for nothing. */
const PAUSE_MS = 120;
/** How many pictures get their answers in one frame: all at once would be drawn in one long task. */
const A_FRAME = 10;
const FRAME_MS = 20;

const NONE: readonly Answer[] = [];

export class Answers {
  #kept = new Map<string, readonly Answer[]>();
  #wanted: readonly ListedImage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading = false;
  #closed = new AbortController();
  #version = 0;
  readonly #listeners = new Set<() => void>();
  readonly #fetchResults: FetchResults;

  constructor(fetchResults: FetchResults) {
    this.#fetchResults = fetchResults;
  }

  /** What was found in an image; nothing until it has been read. */
  of(image: ListedImage): readonly Answer[] {
    return this.#kept.get(nameOf(image)) ?? NONE;
  }

  /** These images are in view. */
  look(images: readonly ListedImage[]): void {
    this.#wanted = images;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#read(), PAUSE_MS);
  }

  /** Stop reading, until it is looked again. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed.abort();
    this.#closed = new AbortController();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Changes when more has been read; for `useSyncExternalStore`. */
  readonly version = (): number => this.#version;

  async #read(): Promise<void> {
    const missing = this.#wanted
      .filter((image) => image.results.length > 0 && !this.#kept.has(nameOf(image)))
      .slice(0, BATCH);
    if (this.#reading || missing.length === 0) return;
    this.#reading = true;
    const { signal } = this.#closed;
    try {
      const ids = missing.map((image) => image.id);
      await this.#keep(missing, await this.#fetchResults(ids, signal));
    } catch {
      return; // pictures without boxes: the list says if the service is away
    } finally {
      this.#reading = false;
    }
    if (!signal.aborted) void this.#read();
  }

  async #keep(images: readonly ListedImage[], results: readonly unknown[]): Promise<void> {
    const found = new Map<string, Answer[]>(images.map((image) => [image.id, []]));
    for (const data of results) {
      const answer = readAnswer(data);
      const id = (data as { imageId?: unknown } | null)?.imageId;
      if (answer && typeof id === "string") found.get(id)?.push(answer);
    }
    for (let start = 0; start < images.length; start += A_FRAME) {
      if (start > 0) await new Promise((next) => setTimeout(next, FRAME_MS));
      for (const image of images.slice(start, start + A_FRAME))
        this.#kept.set(nameOf(image), found.get(image.id) ?? NONE);
      this.#version += 1;
      for (const listener of this.#listeners) listener();
    }
    for (const oldest of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - MOST_KEPT)))
      this.#kept.delete(oldest);
  }
}

/** Changes when an image is analysed again. */
function nameOf(image: ListedImage): string {
  return [image.id, ...image.results.map((result) => result.analyzedAt)].join(" ");
}
