/** The state of a pipeline. */

import { useQuery } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "./client";
import type { PipelineName } from "./pipeline";

export type PipelineStatus = Schemas["PipelineStatus"];
export type StageState = Schemas["StageState"];

/** The state, read again after every `intervalMs`. */
export function useStatus({ namespace, name }: PipelineName, intervalMs: number) {
  return useQuery({
    queryKey: ["status", namespace, name],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET("/v1/pipelines/{namespace}/{name}/status", { params: { path: { namespace, name } }, signal }),
      ),
    refetchInterval: intervalMs,
  });
}
