/** The pipeline as a diagram: what flows from where to where, how fast, and what waits. The table has the same numbers. */

import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { type PipelineName, pagePath, usePipeline } from "../../api/pipeline";
import type { PipelineStatus, StageState } from "../../api/status";
import { count, counted, rate, short, UNKNOWN } from "../../parts/format";
import { type Box, type Edge, layout } from "./layout";
import { workers } from "./stages-table";
import styles from "./topology.module.css";

const PADDING = 1;

export function Topology({ status }: { status: PipelineStatus }) {
  const pipeline = usePipeline();
  const [element, width] = useWidth();
  const { boxes, edges, height } = layout(
    status.stages.map((stage) => stage.name),
    Math.max(640, width) - 2 * PADDING,
  );
  const texts = textsOf(status, pipeline);
  return (
    <div ref={element} className={styles.diagram}>
      {width > 0 && (
        <svg
          width={Math.max(640, width)}
          height={height + 2 * PADDING}
          viewBox={`${-PADDING} ${-PADDING} ${Math.max(640, width)} ${height + 2 * PADDING}`}
          aria-label="Topology; the table of stages has the same numbers"
        >
          {edges.map((edge) => (
            <path
              key={edge.id}
              d={edge.path}
              className={styles.edge}
              data-tone={edge.failed ? "failed" : "plain"}
            />
          ))}
          {boxes.map((box) => (
            <BoxView key={box.id} box={box} text={texts.box(box)} />
          ))}
          {edges.map((edge) => (
            <EdgeLabel key={edge.id} edge={edge} lines={texts.edge(edge)} />
          ))}
        </svg>
      )}
    </div>
  );
}

interface BoxText {
  title: string;
  lines: string[];
  tone?: "bad" | "good";
  href?: string;
}

/** The texts of boxes and edges. */
function textsOf(status: PipelineStatus, pipeline: PipelineName) {
  const stage = (id: string) => status.stages.find((one) => id.endsWith(`:${one.name}`));
  const { partitions, ratePerSecond } = status.images;
  const kept = partitions.length ? partitions.reduce((sum, one) => sum + one.end - one.beginning, 0) : null;

  function box({ id }: Box): BoxText {
    const of = stage(id);
    if (id === "service")
      return { title: "Ingestion", lines: [status.suspended ? "suspended" : "takes images"] };
    if (id === "images") {
      const lines = [
        partitions.length ? counted(partitions.length, "partition") : "partitions unknown",
        `${short(kept)} images`,
      ];
      return { title: "images", lines, href: pagePath(pipeline, "explore") };
    }
    if (!of) return { title: id, lines: [] };
    if (id.startsWith("results:"))
      return { title: "results", lines: [], href: `${pagePath(pipeline, "explore")}?stage=${of.name}` };
    if (id.startsWith("dead-letters:")) {
      const { total } = of.deadLetters;
      const href = `${pagePath(pipeline, "dead-letters")}?stage=${of.name}`;
      return { title: "dead letters", lines: [count(total)], tone: total ? "bad" : undefined, href };
    }
    return {
      title: of.name,
      lines: [workersText(of)],
      tone: of.groupState !== null && of.workers.length === 0 ? "bad" : undefined,
    };
  }

  function edge({ from, to }: Edge): string[] {
    const of = stage(to) ?? stage(from);
    if (to === "images") return [rateText(ratePerSecond)];
    if (!of || to.startsWith("dead-letters:")) return [];
    if (to.startsWith("results:")) return [rateText(of.ratePerSecond)];
    return [of.lag === null ? "lag unknown" : of.lag === 0 ? "no lag" : `${count(of.lag)} wait`];
  }
  return { box, edge };
}

function rateText(perSecond: number | null): string {
  return perSecond === null ? "rate unknown" : rate(perSecond);
}

function workersText(stage: StageState): string {
  const text = workers(stage);
  if (stage.autoscaling && text !== UNKNOWN) return `${text} workers`;
  if (text === UNKNOWN) return "workers unknown";
  if (text === "none") return "no workers";
  return text === "1"
    ? "1 worker"
    : `${text} workers`.replace(/ on (\d+) hosts workers$/, " workers, $1 hosts");
}

function BoxView({ box, text }: { box: Box; text: BoxText }) {
  const middle = box.y + box.height / 2;
  const lines = [text.title, ...text.lines];
  const content: ReactNode = (
    <>
      <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={box.kind === "topic" ? 3 : 8} />
      {lines.map((line, index) => (
        <text
          key={line}
          x={box.x + box.width / 2}
          y={middle + (index - (lines.length - 1) / 2) * 17}
          className={index === 0 ? styles.title : styles.line}
        >
          {cut(line, box.width)}
        </text>
      ))}
    </>
  );
  return (
    <g className={styles.box} data-kind={box.kind} data-tone={text.tone}>
      {text.href ? (
        <Link href={text.href} aria-label={lines.join(", ")}>
          {content}
        </Link>
      ) : (
        content
      )}
    </g>
  );
}

function EdgeLabel({ edge, lines }: { edge: Edge; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <text x={edge.labelX} y={edge.labelY} className={styles.label}>
      {lines.join(" · ")}
    </text>
  );
}

/** A text that fits: SVG does not wrap or cut. */
function cut(text: string, width: number): string {
  const most = Math.floor(width / 7.6);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
