/** What Overview asks the service for. */

import { useQuery } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../../api/client";
import type { PipelineName } from "../../api/pipeline";

export type Counts = Schemas["Counts"];

const HOUR_MS = 3_600_000;
const MINUTES = 60;

/** The counts of the last hour, by the minute. */
export function useLastHour(pipeline: PipelineName) {
  return useQuery({
    queryKey: ["last-hour", pipeline],
    queryFn: ({ signal }) => {
      const query = { from: new Date(Date.now() - HOUR_MS).toISOString(), buckets: MINUTES };
      return unwrap(
        api.GET("/v1/pipelines/{namespace}/{name}/counts", {
          params: { path: { ...pipeline }, query },
          signal,
        }),
      );
    },
    refetchInterval: 15_000,
  });
}
