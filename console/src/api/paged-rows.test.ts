import { expect, test } from "vitest";
import { type Page, PagedRows } from "./paged-rows";

const SIZE = 100;

/** Pages of the numbers below `total`; the cursor is the next number. */
function numbers(total: number) {
  const asked: (string | null)[] = [];
  const fetchPage = async (after: string | null): Promise<Page<number>> => {
    asked.push(after);
    const start = Number(after ?? 0);
    const end = Math.min(start + SIZE, total);
    const rows = Array.from({ length: end - start }, (_, index) => start + index);
    return { rows, next: end < total ? String(end) : null };
  };
  return { asked, list: new PagedRows(fetchPage, 5) };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("it reads the first pages only, until more is looked at", async () => {
  const { asked, list } = numbers(10_000);
  list.look(0, 20);
  await settled();
  expect(list.row(20)).toBe(20);
  expect(list.length).toBe(300);
  expect(asked).toEqual([null, "100", "200"]);
});

test("of a million rows it holds the pages last looked at, and finds the rest again", async () => {
  const { list } = numbers(1_000_000);
  list.look(0, 0);
  await settled();
  for (let seen = 0; seen < 20_000; seen += 50) {
    list.look(seen, seen + 30);
    await settled();
    expect(list.row(seen)).toBe(seen);
    expect(list.held).toBeLessThanOrEqual(5 * SIZE);
  }
  expect(list.row(0)).toBeUndefined();
  list.look(0, 30);
  await settled();
  expect(list.row(30)).toBe(30);
  expect(list.length).toBeGreaterThanOrEqual(20_000);
});

test("it knows its end", async () => {
  const { list } = numbers(150);
  expect(list.complete).toBe(false);
  list.look(0, 10);
  await settled();
  expect([list.length, list.complete]).toEqual([150, true]);
  expect(list.row(150)).toBeUndefined();
});

test("an empty list is complete", async () => {
  const { list } = numbers(0);
  list.look(0, 10);
  await settled();
  expect([list.length, list.complete]).toEqual([0, true]);
});

test("after an error it waits to be asked again", async () => {
  let attempts = 0;
  const list = new PagedRows<number>(async () => {
    attempts += 1;
    if (attempts === 1) throw new Error("Kafka is away");
    return { rows: [1], next: null };
  });
  list.look(0, 10);
  await settled();
  list.look(0, 10);
  await settled();
  expect(list.error).toEqual(new Error("Kafka is away"));
  expect(attempts).toBe(1);
  list.retry();
  await settled();
  expect([list.error, list.row(0)]).toEqual([null, 1]);
});
