/** A list in keyset pages, read while a component shows it. */

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { type FetchPage, PagedRows } from "./paged-rows";

/** The list that `fetchPage` reads; a new one whenever `name` changes, which says what is listed. */
export function usePagedRows<Row>(name: string, fetchPage: FetchPage<Row>, keep?: number): PagedRows<Row> {
  // biome-ignore lint/correctness/useExhaustiveDependencies: `name` stands for what `fetchPage` reads
  const rows = useMemo(() => new PagedRows(fetchPage, keep), [name, keep]);
  useEffect(() => {
    rows.open();
    return () => rows.close();
  }, [rows]);
  useSyncExternalStore(rows.subscribe, rows.version);
  return rows;
}
