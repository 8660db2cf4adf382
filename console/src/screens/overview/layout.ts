/** Where the parts of a pipeline's topology go. Pure: sizes in, rectangles and curves out. */

export type Box = {
  id: string;
  kind: "client" | "service" | "topic" | "stage";
  x: number;
  y: number;
  width: number;
  height: number;
};
export type Edge = {
  id: string;
  from: string;
  to: string;
  path: string;
  labelX: number;
  labelY: number;
  failed: boolean;
};
export type Layout = { width: number; height: number; boxes: Box[]; edges: Edge[] };

const COLUMNS = { service: 0, images: 1, stage: 2, outcome: 3 } as const;
const GAP_Y = 20;
const TOPIC = 46;
const STAGE = 74;

/** The layout of a pipeline with these stages: from left to right, one row for a stage. */
export function layout(stages: readonly string[], width: number): Layout {
  const boxWidth = Math.min(180, width / 5.2);
  const gap = (width - 4 * boxWidth) / 3;
  const row = Math.max(STAGE, 2 * TOPIC + 10) + GAP_Y;
  const height = Math.max(1, stages.length) * row - GAP_Y;
  const x = (column: number) => column * (boxWidth + gap);
  const middle = height / 2;

  const boxes: Box[] = [
    {
      id: "service",
      kind: "service",
      x: x(COLUMNS.service),
      y: middle - STAGE / 2,
      width: boxWidth,
      height: STAGE,
    },
    {
      id: "images",
      kind: "topic",
      x: x(COLUMNS.images),
      y: middle - STAGE / 2,
      width: boxWidth,
      height: STAGE,
    },
  ];
  const edges: Edge[] = [];
  for (const [index, stage] of stages.entries()) {
    const centre = index * row + (row - GAP_Y) / 2;
    const outcome = { x: x(COLUMNS.outcome), width: boxWidth, height: TOPIC };
    boxes.push(
      {
        id: `stage:${stage}`,
        kind: "stage",
        x: x(COLUMNS.stage),
        y: centre - STAGE / 2,
        width: boxWidth,
        height: STAGE,
      },
      { id: `results:${stage}`, kind: "topic", ...outcome, y: centre - TOPIC - 5 },
      { id: `dead-letters:${stage}`, kind: "topic", ...outcome, y: centre + 5 },
    );
  }
  const join = (from: string, to: string, failed = false) => {
    const start = boxes.find((box) => box.id === from);
    const end = boxes.find((box) => box.id === to);
    if (start && end) edges.push(edge(start, end, failed));
  };
  join("service", "images");
  for (const stage of stages) {
    join("images", `stage:${stage}`);
    join(`stage:${stage}`, `results:${stage}`);
    join(`stage:${stage}`, `dead-letters:${stage}`, true);
  }
  return { width, height, boxes, edges };
}

function edge(start: Box, end: Box, failed: boolean): Edge {
  const x1 = start.x + start.width;
  const y1 = start.y + start.height / 2;
  const x2 = end.x;
  const y2 = end.y + end.height / 2;
  const bend = (x1 + x2) / 2;
  const path = `M${x1},${y1} C${bend},${y1} ${bend},${y2} ${x2},${y2}`;
  return {
    id: `${start.id}-${end.id}`,
    from: start.id,
    to: end.id,
    path,
    labelX: bend,
    labelY: (y1 + y2) / 2,
    failed,
  };
}
