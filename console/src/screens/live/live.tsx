/** The wall: images as they are answered. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, unwrap } from "../../api/client";
import { useLive } from "../../api/live/follow";
import type { Connection } from "../../api/live/protocol";
import { type PipelineName, usePipeline } from "../../api/pipeline";
import { Problem } from "../../api/problems";
import { Button } from "../../parts/button";
import { FirstRun } from "../../parts/first-run";
import { counted } from "../../parts/format";
import { Icon } from "../../parts/icon";
import { Page } from "../../parts/page";
import { useQueryNumber, useQueryText } from "../../parts/query-state";
import { Empty, Loading, ProblemState } from "../../parts/states";
import { useShortcut } from "../../shell/keyboard";
import { announce } from "../../shell/status-line";
import { ConnectionBadge } from "./connection";
import { Counter } from "./counter";
import { Filters } from "./filters";
import styles from "./live.module.css";
import { WallTile } from "./tile";
import { type Filter, MOST_TILES, untilTick, Wall } from "./wall";

export default function Live() {
  const [stage] = useQueryText("stage");
  const [label] = useQueryText("label");
  const [minScore] = useQueryNumber("minScore", 0, [0, 1]);
  const { namespace, name } = usePipeline();
  // Another filter is another wall, which starts with the images from before.
  return (
    <LiveWall key={[namespace, name, stage, label, minScore].join(" ")} filter={{ stage, label, minScore }} />
  );
}

function LiveWall({ filter }: { filter: Filter }) {
  const pipeline = usePipeline();
  const [paused, setPaused] = useQueryText("paused");
  const [wall] = useState(() => new Wall(filter));
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const [, redraw] = useState(0);
  const before = useBefore(pipeline, filter);

  useEffect(() => {
    if (!before.data) return;
    wall.prefill(before.data);
    redraw((count) => count + 1);
  }, [wall, before.data]);

  useLive((update) => {
    if ("batch" in update) {
      wall.take(update.batch);
      return;
    }
    setConnection(update.connection);
    if (update.connection.state === "open" && update.connection.gap) void before.refetch(); // what was missed
  });
  useTick((nowMs) => {
    if (paused || wall.tick(nowMs)) redraw((count) => count + 1);
  });

  function pause() {
    if (paused) wall.showAll();
    setPaused(paused ? "" : "1");
    announce(paused ? "Continued." : "Paused. New images wait.");
  }
  function showNew() {
    wall.showAll();
    redraw((count) => count + 1);
  }
  useShortcut(" ", "Pause or continue", pause);
  useShortcut("n", "Show the new images", showNew);

  const isFiltered = filter.stage !== "" || filter.label !== "" || filter.minScore > 0;
  const isEmpty = wall.tiles.length === 0;
  return (
    <Page
      title="Live"
      wide
      actions={
        <>
          <ConnectionBadge connection={connection} paused={paused !== ""} />
          <Button onClick={pause} aria-keyshortcuts="Space">
            <Icon name={paused ? "play" : "pause"} size={16} />
            {paused ? "Continue" : "Pause"}
          </Button>
        </>
      }
    >
      <div className={styles.bar}>
        <Filters filter={filter} tiles={wall.tiles} />
        <Counter counts={wall.counts} waiting={wall.waiting} filtered={isFiltered} />
      </div>
      {paused && wall.waiting > 0 && (
        <Button look="primary" className={styles.fresh} onClick={showNew}>
          {wall.waiting >= MOST_TILES
            ? `Show the newest ${MOST_TILES}`
            : `Show ${counted(wall.waiting, "new image")}`}
        </Button>
      )}
      {isEmpty && connection.state === "away" && <ProblemState error={problemOf(connection)} />}
      {isEmpty && connection.state !== "away" && before.isPending && (
        <Loading what="Loading the newest images" />
      )}
      {isEmpty && connection.state !== "away" && before.isError && (
        <ProblemState error={before.error} retry={() => void before.refetch()} />
      )}
      {isEmpty &&
        connection.state !== "away" &&
        before.isSuccess &&
        (isFiltered ? <NoMatch /> : <FirstRun />)}
      <ul className={styles.wall}>
        {wall.tiles.map((tile) => (
          <WallTile key={tile.id} tile={tile} />
        ))}
      </ul>
    </Page>
  );
}

function NoMatch() {
  return (
    <Empty title="No image matches">
      <p>None of the newest images is as the filter wants it. New ones appear here.</p>
    </Empty>
  );
}

function problemOf({ status, title, message, kind }: Extract<Connection, { state: "away" }>): Problem {
  return new Problem(status, title, message, kind);
}

/** The newest results from before the page was opened. */
function useBefore(pipeline: PipelineName, { stage, label }: Filter) {
  const query = { limit: 100, ...(stage && { stage }), ...(label && { label }) };
  return useQuery({
    queryKey: ["newest", pipeline, query],
    queryFn: async () => {
      const page = await unwrap(
        api.GET("/v1/pipelines/{namespace}/{name}/results", { params: { path: pipeline, query } }),
      );
      const key = `${pipeline.namespace}/${pipeline.name}`;
      return page.results.map((data) => {
        return {
          pipeline: key,
          id: data.imageId,
          stage: data.stage,
          analyzedAt: data.analyzedAt,
          summary: data.summary,
          data,
        };
      });
    },
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
}

function useTick(tick: (nowMs: number) => void): void {
  const latest = useRef(tick);
  useEffect(() => {
    latest.current = tick;
  });
  useEffect(() => {
    let timer = setTimeout(next, untilTick(Date.now()));
    function next() {
      const now = Date.now();
      timer = setTimeout(next, untilTick(now));
      latest.current(now);
    }
    return () => clearTimeout(timer);
  }, []);
}
