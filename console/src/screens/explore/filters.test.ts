import { expect, test } from "vitest";
import { countOf, type Filters, filtersOf, withFilters } from "./filters";

test("filters survive the way through a URL", () => {
  const filters: Filters = {
    stage: "detect",
    label: "<b>cat & dog</b>",
    minScore: 0.25,
    maxScore: 1,
    state: "PartlyFailed",
    key: "camera 7/ö",
    from: "2026-11-26T12:00:00.000Z",
  };
  expect(filtersOf(new URLSearchParams(withFilters(new URLSearchParams(), filters).toString()))).toEqual(
    filters,
  );
});

test("what a URL has that is no filter is left out", () => {
  const query = new URLSearchParams("minScore=seven&maxScore=2&from=yesterday&state=Lost&label=&view=rows");
  expect(filtersOf(query)).toEqual({});
});

test("a change keeps the other parameters", () => {
  const query = new URLSearchParams("view=rows&label=cat&stage=detect");
  expect(withFilters(query, { label: undefined, key: "k" }).toString()).toBe("view=rows&stage=detect&key=k");
});

test("a range counts as one filter", () => {
  expect(countOf({ from: "2026-11-26T12:00:00.000Z", to: "2026-11-26T13:00:00.000Z", label: "cat" })).toBe(2);
});
