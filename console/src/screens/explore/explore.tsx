/** Explore: every image and answer that is kept. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import type { PagedRows } from "../../api/paged-rows";
import { usePipeline } from "../../api/pipeline";
import { usePagedRows } from "../../api/use-paged-rows";
import { Button } from "../../parts/button";
import { FirstRun } from "../../parts/first-run";
import { count, counted } from "../../parts/format";
import { Page } from "../../parts/page";
import { Empty, Loading, ProblemState } from "../../parts/states";
import { Toggle } from "../../parts/toggle";
import { Answers } from "./answers";
import styles from "./explore.module.css";
import { ExportMenu } from "./export-menu";
import { FilterBar } from "./filter-bar";
import { countOf, type Filters, filtersOf, withFilters } from "./filters";
import { Histogram } from "./histogram";
import { counts, type ListedImage, listImages, resultsOf } from "./requests";
import { Results, type View } from "./results";
import { SPANS, type SpanName, spanNamed } from "./time-axis";

const BUCKETS = 120;
/** The images in memory are at most this many pages of 100. */
const PAGES_HELD = 15;
const SPAN_TEXTS: Record<SpanName, string> = {
  "15m": "15 min",
  "1h": "1 h",
  "24h": "24 h",
  "7d": "7 d",
  all: "All",
};

export default function Explore() {
  const pipeline = usePipeline();
  const [query, setQuery] = useSearchParams();
  const filters = useMemo(() => filtersOf(query), [query]);
  const span = spanNamed(query.get("span"));
  const view: View = query.get("view") === "rows" ? "rows" : "grid";
  const [at, setAt] = useState<number | null>(null);
  const [reads, setReads] = useState(0);

  const change = useCallback(
    (changes: Partial<Filters>) => setQuery((now) => withFilters(now, changes), { replace: true }),
    [setQuery],
  );
  const setText = (name: string, value: string, fallback: string) =>
    setQuery(
      (now) => {
        const next = new URLSearchParams(now);
        if (value === fallback) next.delete(name);
        else next.set(name, value);
        return next;
      },
      { replace: true },
    );

  const name = JSON.stringify([pipeline, filters, reads]);
  const images = usePagedRows<ListedImage>(
    name,
    (after, signal) => listImages(pipeline, filters, after, signal),
    PAGES_HELD,
  );
  const answers = useMemo(() => new Answers((ids, signal) => resultsOf(pipeline, ids, signal)), [pipeline]);
  useEffect(() => () => answers.close(), [answers]);
  const histogram = useQuery({
    queryKey: ["counts", pipeline, filters.stage, filters.label, span, reads],
    queryFn: ({ signal }) =>
      counts(
        pipeline,
        { ...spanOf(span), stage: filters.stage, label: filters.label, buckets: BUCKETS },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
  const startAt = useCallback((to: string) => change({ to }), [change]);
  const seen = useCallback((image: ListedImage) => setAt(Date.parse(image.receivedAt ?? image.at)), []);

  const filtered = countOf(filters) > 0;
  const first = images.length === 0;
  return (
    <Page
      title="Explore"
      wide
      actions={
        <>
          {filtered && !first && <span className={styles.total}>{matching(images)}</span>}
          <Toggle
            name="View"
            value={view}
            options={{ grid: "Grid", rows: "Rows" }}
            change={(value) => setText("view", value, "grid")}
          />
          <Button onClick={() => setReads(reads + 1)}>Reload</Button>
          <ExportMenu pipeline={pipeline} filters={filters} />
        </>
      }
    >
      <FilterBar filters={filters} change={change} counts={histogram.data} />
      <div className={styles.time}>
        <Toggle
          name="Time shown"
          value={span}
          options={SPAN_TEXTS}
          change={(value) => setText("span", value, "all")}
        />
        {histogram.data && (
          <span className={styles.total}>
            {counted(histogram.data.received, "image")} received, {count(histogram.data.failed)} failed
          </span>
        )}
      </div>
      <Histogram
        counts={histogram.data}
        selected={{ from: time(filters.from), to: time(filters.to) }}
        at={first ? null : at}
        select={change}
      />
      {first && images.error !== null && <ProblemState error={images.error} retry={() => images.retry()} />}
      {first && images.error === null && !images.complete && <Loading what="Loading images" />}
      {first && images.complete && filtered && (
        <Empty title="No image matches">
          <p>Remove a filter, or look at another time.</p>
        </Empty>
      )}
      {first && images.complete && !filtered && <FirstRun />}
      <Results
        key={`${name} ${view}`}
        images={images}
        answers={answers}
        view={view}
        seen={seen}
        startAt={startAt}
      />
    </Page>
  );
}

/** How many images match; at least how many, until the list has been read to its end. */
function matching(images: PagedRows<ListedImage>): string {
  return images.complete
    ? `${counted(images.length, "image")} found`
    : `${count(images.length)} images found so far`;
}

function time(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}

/** The parameters of a span that ends now. */
function spanOf(span: SpanName): { from?: string } {
  const ms = SPANS[span];
  return ms === null ? {} : { from: new Date(Date.now() - ms).toISOString() };
}
