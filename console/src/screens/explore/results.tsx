/** The images that match, as a grid of pictures or as rows. Only those in view are in the page. */

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  memo,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useLocation } from "wouter";
import type { PagedRows } from "../../api/paged-rows";
import { asProblem } from "../../api/problems";
import { Button } from "../../parts/button";
import type { Answers } from "./answers";
import { useFewAtOnce } from "./few-at-once";
import { ImageCard, ImageRow } from "./image-item";
import type { ListedImage } from "./requests";
import styles from "./results.module.css";

export type View = "grid" | "rows";

interface Props {
  images: PagedRows<ListedImage>;
  answers: Answers;
  view: View;
  /** Called with the first image in view. */
  seen: (image: ListedImage) => void;
  /** Start the list at this time. */
  startAt: (time: string) => void;
}

const ROW_PX = 56;
const CARD_MIN_PX = 170;
/** The height of a picture divided by its width: most cameras have 4:3. */
const CARD_SHAPE = 0.75;
const CARD_TEXT_PX = 58;
const GAP_PX = 12;
/** Rendering them takes a few milliseconds. */
const CARDS_A_FRAME = 10;
const ROWS_A_FRAME = 16;
/** Browsers limit the height of a page; Firefox to about 17.8 million pixels. */
const TALLEST_PX = 15_000_000;

export const Results = memo(function Results({ images, answers, view, seen, startAt }: Props) {
  useSyncExternalStore(images.subscribe, images.version);
  useSyncExternalStore(answers.subscribe, answers.version);
  const [, navigate] = useLocation();
  const list = useRef<HTMLUListElement>(null);
  const { width, top } = useBox(list);
  const [active, setActive] = useState(0);
  const toFocus = useRef<number | null>(null);

  const columns = view === "grid" ? Math.max(2, Math.floor((width + GAP_PX) / (CARD_MIN_PX + GAP_PX))) : 1;
  const card = (width - (columns - 1) * GAP_PX) / columns;
  const height = view === "grid" ? Math.round(card * CARD_SHAPE) + CARD_TEXT_PX + GAP_PX : ROW_PX;
  const lines = Math.min(Math.ceil(images.length / columns), Math.floor(TALLEST_PX / height));
  const cut = lines * columns < images.length;

  const virtual = useWindowVirtualizer({
    count: lines,
    estimateSize: () => height,
    overscan: view === "grid" ? 2 : 4,
    scrollMargin: top,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are computed from `height`
  useLayoutEffect(() => virtual.measure(), [height]);

  const shown = virtual.getVirtualItems();
  const first = (shown[0]?.index ?? 0) * columns;
  const last = ((shown.at(-1)?.index ?? 0) + 1) * columns - 1;
  useEffect(() => images.look(first, last), [images, first, last]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` changes with the rows
  useEffect(() => {
    if (view === "grid") answers.look(images.rows(first, last));
  }, [answers, images, images.version(), view, first, last]);

  const read = shown.map((line) => line.index).filter((line) => images.row(line * columns));
  const inView = (line: number) =>
    line >= (virtual.range?.startIndex ?? 0) && line <= (virtual.range?.endIndex ?? 0);
  const rendered = useFewAtOnce(
    [...read.filter(inView), ...read.filter((line) => !inView(line))],
    view === "grid" ? Math.max(1, Math.floor(CARDS_A_FRAME / columns)) : ROWS_A_FRAME,
  );

  const topLine = Math.max(0, Math.floor(((virtual.scrollOffset ?? 0) - top) / height));
  const topImage = images.row(topLine * columns);
  useEffect(() => {
    if (topImage) seen(topImage);
  }, [topImage, seen]);

  function move(event: KeyboardEvent) {
    const page = Math.max(1, Math.floor(window.innerHeight / height) - 1) * columns;
    const steps: Record<string, number> = {
      ArrowDown: columns,
      ArrowUp: -columns,
      ArrowRight: view === "grid" ? 1 : 0,
      ArrowLeft: view === "grid" ? -1 : 0,
      PageDown: page,
      PageUp: -page,
      Home: -active,
      End: images.length - 1 - active,
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = Math.min(Math.max(0, active + step), lines * columns - 1, images.length - 1);
    setActive(next);
    virtual.scrollToIndex(Math.floor(next / columns));
    toFocus.current = next;
  }
  // After the render that brings it.
  useEffect(() => {
    if (toFocus.current === null) return;
    const item = list.current?.querySelector<HTMLElement>(`[data-index="${toFocus.current}"]`);
    if (!item) return;
    toFocus.current = null;
    item.focus();
  });

  function open(event: MouseEvent) {
    const link = (event.target as Element).closest("a");
    const elsewhere = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.button !== 0;
    if (!link || elsewhere) return;
    event.preventDefault();
    navigate(link.pathname);
  }

  return (
    <>
      <ul
        ref={list}
        className={styles.list}
        style={{ height: virtual.getTotalSize() }}
        aria-label="Images"
        onClick={open}
        onKeyDown={move}
        onFocus={({ target }) =>
          setActive(Number(target.closest<HTMLElement>("[data-index]")?.dataset.index ?? 0))
        }
      >
        {shown.flatMap((line) =>
          Array.from({ length: Math.min(columns, images.length - line.index * columns) }, (_, column) => {
            const index = line.index * columns + column;
            const image = rendered.has(line.index) ? images.row(index) : undefined;
            const place = {
              transform: `translate(${column * (card + GAP_PX)}px, ${line.start - top}px)`,
              width: view === "grid" ? card : undefined,
              height: view === "grid" ? height - GAP_PX : height,
            };
            const item = {
              tabIndex:
                index === Math.min(active, images.length - 1) || (index === first && active < first) ? 0 : -1,
              "data-index": index,
            };
            return (
              <li
                key={index}
                className={styles.item}
                style={place}
                data-view={view}
                data-missing={image === undefined}
              >
                {image && view === "grid" && (
                  <ImageCard image={image} answers={answers.of(image)} {...item} />
                )}
                {image && view === "rows" && <ImageRow image={image} {...item} />}
              </li>
            );
          }),
        )}
      </ul>
      {images.length > 0 && images.error !== null && (
        <p className={styles.end}>
          {asProblem(images.error).message}{" "}
          <Button small onClick={() => images.retry()}>
            Try again
          </Button>
        </p>
      )}
      {cut && images.row(lines * columns - 1) && (
        <p className={styles.end}>
          <Button onClick={() => startAt(images.row(lines * columns - 1)?.receivedAt ?? "")}>
            Show older images
          </Button>
        </p>
      )}
      {images.complete && !cut && images.length > 0 && <p className={styles.end}>No older images match.</p>}
    </>
  );
});

/** The width of an element, and its distance from the top of the document. */
function useBox(element: React.RefObject<HTMLElement | null>): { width: number; top: number } {
  const [box, setBox] = useState({ width: 960, top: 0 });
  useLayoutEffect(() => {
    const { current } = element;
    if (!current) return;
    const measure = () => {
      const rect = current.getBoundingClientRect();
      const next = { width: rect.width, top: Math.round(rect.top + window.scrollY) };
      setBox((now) => (now.width === next.width && now.top === next.top ? now : next));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(current);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [element]);
  return box;
}
