/** The pipeline that the page is about, and all that are served. */

import { useQuery } from "@tanstack/react-query";
import { createContext, use } from "react";
import { api, type PipelineSummary, unwrap } from "./client";

export interface PipelineName {
  namespace: string;
  name: string;
}

export const PipelineContext = createContext<PipelineName | null>(null);

/** The pipeline in the address. Only for screens below `/p/{namespace}/{name}`. */
export function usePipeline(): PipelineName {
  const pipeline = use(PipelineContext);
  if (!pipeline) throw new Error("usePipeline is only for pages of a pipeline");
  return pipeline;
}

export function usePipelines() {
  return useQuery({
    queryKey: ["pipelines"],
    queryFn: async () => (await unwrap(api.GET("/v1/pipelines"))).pipelines,
    refetchInterval: 30_000,
  });
}

/** The summary of the pipeline in the address; undefined while it is loading, or if it is not served. */
export function usePipelineSummary(): PipelineSummary | undefined {
  const { namespace, name } = usePipeline();
  return usePipelines().data?.find((one) => one.namespace === namespace && one.name === name);
}

/** The path of a page of the pipeline in the address: `pagePath(pipeline, "images", id)`. */
export function pagePath({ namespace, name }: PipelineName, ...parts: string[]): string {
  return ["/p", namespace, name, ...parts.map(encodeURIComponent)].join("/");
}
