import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Hub } from "./hub";
import type { Update } from "./protocol";

/** A stream of the service, which the test writes. */
interface Opened {
  address: string;
  lastId: string | null;
  closed: boolean;
  send: (event: string, data: unknown, id: string) => void;
  end: () => void;
}

let opened: Opened[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  opened = [];
  vi.stubGlobal("fetch", async (address: string, { headers, signal }: RequestInit) => {
    let body!: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        body = controller;
      },
    });
    const encoder = new TextEncoder();
    const one: Opened = {
      address,
      lastId: (headers as Record<string, string>)["Last-Event-ID"] ?? null,
      closed: false,
      send: (event, data, id) =>
        body.enqueue(encoder.encode(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)),
      end: () => body.close(),
    };
    signal?.addEventListener("abort", () => {
      one.closed = true;
      body.error(new DOMException("", "AbortError"));
    });
    opened.push(one);
    return new Response(stream);
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function newest(): Opened {
  const last = opened.at(-1);
  if (!last) throw new Error("no stream");
  return last;
}

const result = (pipeline: string, id: string) => {
  return { pipeline, id, stage: "s", analyzedAt: "", summary: "", data: null };
};

test("pages of several pipelines share one stream, and each gets what is of its own", async () => {
  const hub = new Hub();
  const [one, two]: [Update[], Update[]] = [[], []];
  hub.follow("a/one", (update) => one.push(update));
  hub.follow("a/two", (update) => two.push(update));
  await vi.advanceTimersByTimeAsync(100);
  expect(opened.map(({ address }) => address)).toEqual(["/v1/live?pipeline=a%2Fone&pipeline=a%2Ftwo"]);
  newest().send("start", { pipelines: ["a/one", "a/two"], resumed: [] }, "1");
  const counts = { "a/one": { seen: 3, dropped: 2 } };
  newest().send("batch", { results: [result("a/one", "i")], failures: [], pipelines: counts }, "2");
  await vi.advanceTimersByTimeAsync(100);
  expect(one).toEqual([
    { connection: { state: "connecting" } },
    { connection: { state: "open", gap: false } },
    { batch: { results: [result("a/one", "i")], failures: [], dropped: 2 } },
  ]);
  expect(two).toEqual([
    { connection: { state: "connecting" } },
    { connection: { state: "open", gap: false } },
  ]);
});

test("a page that comes opens the stream again, where it was, and the others notice nothing", async () => {
  const hub = new Hub();
  const one: Update[] = [];
  hub.follow("a/one", (update) => one.push(update));
  await vi.advanceTimersByTimeAsync(100);
  newest().send("start", { pipelines: ["a/one"], resumed: [] }, "7");
  await vi.advanceTimersByTimeAsync(100);
  const before = one.length;
  const leave = hub.follow("a/two", () => {});
  await vi.advanceTimersByTimeAsync(100);
  expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
  expect(newest().lastId).toBe("7");
  newest().send("start", { pipelines: ["a/one", "a/two"], resumed: ["a/one"] }, "8");
  await vi.advanceTimersByTimeAsync(100);
  expect(one.length).toBe(before);
  leave();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(newest()).toMatchObject({ address: "/v1/live?pipeline=a%2Fone", lastId: "8" });
});

test("a stream that ends is opened again, and what may be missing is said", async () => {
  const hub = new Hub();
  const updates: Update[] = [];
  hub.follow("a/one", (update) => updates.push(update));
  await vi.advanceTimersByTimeAsync(100);
  newest().send("start", { pipelines: ["a/one"], resumed: [] }, "7");
  newest().end();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(opened).toHaveLength(2);
  newest().send("start", { pipelines: ["a/one"], resumed: [] }, "1");
  await vi.advanceTimersByTimeAsync(100);
  expect(updates.slice(-2)).toEqual([
    { connection: { state: "connecting" } },
    { connection: { state: "open", gap: true } },
  ]);
});

test("a pipeline that is not served is looked for again, and does not hold up the others", async () => {
  const hub = new Hub();
  const [one, gone]: [Update[], Update[]] = [[], []];
  hub.follow("a/one", (update) => one.push(update));
  hub.follow("a/gone", (update) => gone.push(update));
  await vi.advanceTimersByTimeAsync(100);
  newest().send("start", { pipelines: ["a/one"], resumed: [] }, "1");
  await vi.advanceTimersByTimeAsync(100);
  expect(one.at(-1)).toEqual({ connection: { state: "open", gap: false } });
  expect(gone.at(-1)).toMatchObject({ connection: { state: "away", status: 404 } });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(opened).toHaveLength(2);
});
