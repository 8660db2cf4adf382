/** Numbers and times as text. */

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 1234567 as "1,234,567". */
export function count(value: number): string {
  return NUMBER.format(value);
}

/** "3 images", "1 image". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number): string {
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  return `${NUMBER.format(value / 1024 ** power)} ${UNITS[power]}`;
}

/** A duration: "0.52 ms", "48 ms", "1.2 s", "3 min 20 s". */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const [minutes, seconds] = [Math.floor(ms / 60_000), Math.round((ms % 60_000) / 1_000)];
  if (minutes < 60) return `${minutes} min ${seconds} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`;
}

/** The time of day, with the date if it is another day. */
export function clock(at: string, now = new Date()): string {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return "unknown";
  const ofDay = time.toLocaleTimeString("en-GB");
  return time.toDateString() === now.toDateString() ? ofDay : `${time.toLocaleDateString("en-CA")} ${ofDay}`;
}
