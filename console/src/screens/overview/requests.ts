/** What Overview asks the service for. */

import { useQuery } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../../api/client";
import type { PipelineName } from "../../api/pipeline";

export type PipelineStatus = Schemas["PipelineStatus"];
export type StageState = Schemas["StageState"];
export type Counts = Schemas["Counts"];

const HOUR_MS = 3_600_000;
const MINUTES = 60;

/** The state of the pipeline, every two seconds. */
export function useStatus(pipeline: PipelineName) {
  return useQuery({
    queryKey: ["status", pipeline],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/v1/pipelines/{namespace}/{name}/status", { params: { path: { ...pipeline } }, signal }),
      ),
    refetchInterval: 2_000,
  });
}

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
