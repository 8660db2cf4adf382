/** One plot over time, drawn by uPlot; its legend says the newest and the highest value of every line. */

import { useEffect, useId, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useTheme } from "../../theme/theme";
import styles from "./plots.module.css";

export interface Series {
  name: string;
  /** The name of a custom property. */
  colour: string;
  dashed?: boolean;
  values: (number | null)[];
}

interface Props {
  title: string;
  /** Seconds since 1970. */
  times: number[];
  series: Series[];
  format: (value: number) => string;
  /** The texts of the axis. */
  ticks: (values: number[]) => string[];
}

const HEIGHT = 168;
const AXIS_PX = 64;
const DASH = [4, 4];
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

export function Plot({ title, times, series, format, ticks }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useTheme();
  const id = useId();
  const shape = JSON.stringify(series.map(({ name, colour, dashed }) => [name, colour, dashed]));
  const data = [times, ...series.map((one) => one.values)] as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` is what the options use of `series`
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const drawn = new uPlot(optionsOf(element, series, ticks, theme), latest.current, element);
    plot.current = drawn;
    const observer = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [shape, theme, ticks]);
  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return (
    <figure className={styles.plot} aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      <div ref={place} style={{ height: HEIGHT }} aria-hidden="true" />
      <ul className={styles.legend}>
        {series.map((one) => (
          <li key={one.name}>
            <svg width="18" height="4" aria-hidden="true">
              <line
                x1="0"
                x2="18"
                y1="2"
                y2="2"
                stroke={`var(${one.colour})`}
                strokeWidth="2.5"
                strokeDasharray={one.dashed ? "4 3" : undefined}
              />
            </svg>
            {one.name}: {summary(one.values, format)}
          </li>
        ))}
      </ul>
    </figure>
  );
}

function summary(values: (number | null)[], format: (value: number) => string): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return "unknown";
  const last = values.at(-1);
  return `${last == null ? "none now" : `${format(last)} now`}, at most ${format(Math.max(...known))}`;
}

function optionsOf(
  element: HTMLElement,
  series: Series[],
  texts: (values: number[]) => string[],
  theme: "light" | "dark",
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour("--text-quiet"),
    font: `12px ${getComputedStyle(element).fontFamily}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    class: theme,
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_, __, highest) => [0, highest > 0 ? highest * 1.1 : 1] } },
    padding: [8, 20, 0, 0],
    axes: [
      { ...axis, size: 28, values: (_, ticks) => ticks.map((tick) => TIME.format(tick * 1_000)) },
      { ...axis, size: AXIS_PX, values: (_, ticks) => texts(ticks) },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.name,
        stroke: colour(one.colour),
        width: 2,
        spanGaps: false,
        points: { show: false },
        ...(one.dashed ? { dash: DASH } : {}),
      })),
    ],
  };
}
