/** Numbers and times as text. Null is what nobody knows. */

export const UNKNOWN = "unknown";

type Maybe<Value> = Value | null | undefined;

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const FINE = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
// Making one takes longer than using it.
const OF_DAY = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-CA", { dateStyle: "short" });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 1234567 as "1,234,567". */
export function count(value: Maybe<number>): string {
  return value == null ? UNKNOWN : NUMBER.format(value);
}

/** 1234567 as "1.2M". */
export function short(value: Maybe<number>): string {
  return value == null ? UNKNOWN : SHORT.format(value);
}

/** "3 images", "1 image", "unknown images". */
export function counted(value: Maybe<number>, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "3.2/s"; of less than one in a second, by the minute. */
export function rate(perSecond: Maybe<number>): string {
  if (perSecond == null) return UNKNOWN;
  if (perSecond === 0) return "0/s";
  if (perSecond >= 0.95)
    return `${perSecond < 10 ? perSecond.toFixed(1) : SHORT.format(Math.round(perSecond))}/s`;
  return `${Math.max(perSecond * 60, 0.1).toFixed(1)}/min`;
}

export function bytes(value: Maybe<number>): string {
  if (value == null) return UNKNOWN;
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${NUMBER.format(value / 1024 ** power)} ${UNITS[power]}`;
}

/** A duration: "0.52 ms", "48 ms", "1.2 s", "3 min 20 s". */
export function duration(ms: Maybe<number>): string {
  if (ms == null) return UNKNOWN;
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const [minutes, seconds] = [Math.floor(ms / 60_000), Math.round((ms % 60_000) / 1_000)];
  if (minutes < 60) return `${minutes} min ${seconds} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** The texts of an axis of rates, in one unit: "0", "0.5/s", "1/s". */
export function rateTicks(perSecond: readonly number[]): string[] {
  const slow = Math.max(...perSecond) < 0.1;
  const [unit, factor] = slow ? ["min", 60] : ["s", 1];
  return perSecond.map((one) => (one === 0 ? "0" : `${FINE.format(one * factor)}/${unit}`));
}

/** The texts of an axis of durations, in one unit: "0", "50 ms", "100 ms". */
export function durationTicks(ms: readonly number[]): string[] {
  const [unit, factor] = Math.max(...ms) < 2_000 ? ["ms", 1] : ["s", 1 / 1_000];
  return ms.map((one) => (one === 0 ? "0" : `${FINE.format(one * factor)} ${unit}`));
}

/** The time of day, with the date if it is another day. */
export function clock(at: Maybe<string | number>, now = new Date()): string {
  const time = new Date(at ?? Number.NaN);
  if (Number.isNaN(time.getTime())) return UNKNOWN;
  const ofDay = OF_DAY.format(time);
  return time.toDateString() === now.toDateString() ? ofDay : `${DAY.format(time)} ${ofDay}`;
}

/** "4 min 3 s ago". */
export function ago(at: Maybe<string>, now = new Date()): string {
  return at == null ? UNKNOWN : `${duration(Math.max(0, now.getTime() - Date.parse(at)))} ago`;
}
