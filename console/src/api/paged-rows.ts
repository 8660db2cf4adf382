/**
 * A list that is too long for memory, read in keyset pages.
 *
 * It keeps the cursor of every page read so far, but the rows of only a few: those last looked at. A page that is
 * looked at again is read again from its cursor.
 */

export type Page<Row> = { rows: Row[]; next: string | null };
export type FetchPage<Row> = (after: string | null, signal: AbortSignal) => Promise<Page<Row>>;

type Slot<Row> = {
  after: string | null;
  /** The index of its first row, and the number of its rows when it was first read. */
  start: number;
  length: number;
  rows: Row[] | null;
  usedAt: number;
};

/** How many rows before the known end the next page is asked for. */
const AHEAD = 200;

export class PagedRows<Row> {
  #slots: Slot<Row>[] = [];
  #next: string | null = null;
  #begun = false;
  #error: unknown = null;
  #clock = 0;
  #version = 0;
  #range: [number, number] = [0, 0];
  #loading = new Set<string>();
  #aborted = new AbortController();
  readonly #listeners = new Set<() => void>();
  readonly #fetchPage: FetchPage<Row>;
  readonly #keep: number;

  /** `keep`: the number of pages whose rows stay in memory. */
  constructor(fetchPage: FetchPage<Row>, keep = 12) {
    this.#fetchPage = fetchPage;
    this.#keep = keep;
  }

  /** The number of rows read so far, in memory or not. */
  get length(): number {
    const last = this.#slots.at(-1);
    return last ? last.start + last.length : 0;
  }

  /** Whether the end of the list has been read. */
  get complete(): boolean {
    return this.#begun && this.#next === null && this.#slots.length > 0;
  }

  /** Why the last page could not be read; null after a success. */
  get error(): unknown {
    return this.#error;
  }

  /** The number of rows in memory. */
  get held(): number {
    return this.#slots.reduce((sum, slot) => sum + (slot.rows?.length ?? 0), 0);
  }

  /** The row at `index`; undefined if it is not in memory. */
  row(index: number): Row | undefined {
    const slot = this.#slotOf(index);
    return slot?.rows?.[index - slot.start];
  }

  /** The rows from `first` to `last` that are in memory. */
  rows(first: number, last: number): Row[] {
    const found: Row[] = [];
    for (let index = first; index <= last; index++) {
      const row = this.row(index);
      if (row !== undefined) found.push(row);
    }
    return found;
  }

  /** The first row in memory with a property. */
  find(has: (row: Row) => boolean): Row | undefined {
    for (const slot of this.#slots) {
      const found = slot.rows?.find(has);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Rows from `first` to `last` are in view: read what is missing of them, and the next page near the end. */
  look(first: number, last: number): void {
    this.#range = [first, last];
    this.#readMissing();
  }

  /** Read again after an error. */
  retry(): void {
    this.#error = null;
    this.#changed();
    this.#readMissing();
  }

  /** Stop reading. */
  close(): void {
    this.#aborted.abort();
  }

  /** Go on after `close`. */
  open(): void {
    if (!this.#aborted.signal.aborted) return;
    this.#aborted = new AbortController();
    this.#loading.clear();
    this.#readMissing();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Changes with every change of the list; for `useSyncExternalStore`. */
  readonly version = (): number => this.#version;

  #readMissing(): void {
    if (this.#error !== null) return;
    const [first, last] = this.#range;
    for (let index = first; index <= last; ) {
      const slot = this.#slotOf(index);
      if (!slot) break;
      slot.usedAt = ++this.#clock;
      if (!slot.rows) void this.#read(slot.after, slot);
      index = slot.start + slot.length;
    }
    if (!this.#begun) void this.#read(null, null);
    else if (this.#next !== null && last + AHEAD >= this.length) void this.#read(this.#next, null);
  }

  /** Read a page: again, or with `slot` null, the one after the last. */
  async #read(after: string | null, slot: Slot<Row> | null): Promise<void> {
    const name = after ?? "";
    if (this.#loading.has(name) || this.#aborted.signal.aborted) return;
    this.#loading.add(name);
    const { signal } = this.#aborted;
    try {
      const page = await this.#fetchPage(after, signal);
      if (signal.aborted) return;
      if (slot) slot.rows = page.rows;
      else {
        const { rows, next } = page;
        this.#slots.push({ after, start: this.length, length: rows.length, rows, usedAt: ++this.#clock });
        this.#begun = true;
        this.#next = next;
      }
      this.#forget();
    } catch (error) {
      if (signal.aborted) return;
      this.#error = error;
    }
    this.#loading.delete(name);
    this.#changed();
    this.#readMissing();
  }

  /** Drop the rows of the pages that were looked at longest ago. */
  #forget(): void {
    const held = this.#slots.filter((slot) => slot.rows).sort((a, b) => b.usedAt - a.usedAt);
    for (const slot of held.slice(this.#keep)) slot.rows = null;
  }

  #slotOf(index: number): Slot<Row> | undefined {
    let low = 0;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const slot = this.#slots[middle];
      if (slot && slot.start + slot.length <= index) low = middle + 1;
      else high = middle;
    }
    return this.#slots[low];
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}
