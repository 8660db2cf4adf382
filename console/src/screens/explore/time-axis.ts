/** The time axis of the histogram: from buckets to pixels and back. */

export type Span = { from: number; to: number };

/** The spans of time that can be shown, in ms; null is all that is kept. */
export const SPANS = {
  "15m": 900_000,
  "1h": 3_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  all: null,
} as const;
export type SpanName = keyof typeof SPANS;

export function spanNamed(name: string | null): SpanName {
  return name !== null && name in SPANS ? (name as SpanName) : "all";
}

/** The time at a position of the axis, which is from 0 to 1. */
export function timeAt(span: Span, position: number): number {
  return span.from + Math.min(1, Math.max(0, position)) * (span.to - span.from);
}

/** The position of a time on the axis, from 0 to 1. */
export function positionOf(span: Span, time: number): number {
  if (span.to <= span.from) return 0;
  return Math.min(1, Math.max(0, (time - span.from) / (span.to - span.from)));
}

/** Where ticks go: whole minutes, hours or days, at most `most` of them. */
export function ticks(span: Span, most: number): number[] {
  const steps = [60_000, 300_000, 900_000, 3_600_000, 10_800_000, 21_600_000, 86_400_000, 604_800_000];
  const step = steps.find((one) => (span.to - span.from) / one <= most) ?? 2_592_000_000;
  const shift = new Date(span.from).getTimezoneOffset() * 60_000;
  const found: number[] = [];
  for (let at = Math.ceil((span.from - shift) / step) * step + shift; at < span.to; at += step)
    found.push(at);
  return found;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** The text of a tick: the time of day, or the day at midnight. */
export function tickText(at: number): string {
  const date = new Date(at);
  return date.getHours() === 0 && date.getMinutes() === 0 ? DAY.format(date) : TIME.format(date);
}

/** A time as the value of `<input type="datetime-local">`: local, to the second. */
export function localInput(time: string | undefined): string {
  if (!time) return "";
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** The time of such an input's value; undefined if it is empty. */
export function fromLocalInput(value: string): string | undefined {
  const at = Date.parse(value); // a value without a zone is local
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
}
