/** What Dead letters asks the service for. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../../api/client";
import type { Page } from "../../api/paged-rows";
import type { PipelineName } from "../../api/pipeline";

export type DeadLetter = Schemas["DeadLetter"];
export type Redrive = Schemas["RedriveJob"];
/** The dead letters of a stage: those of images, for a reason, or all. */
export type Selection = { stage: string; ids?: string[]; reason?: string; all?: boolean };

const PAGE = 100;
const RUNNING_MS = 1_000;
const IDLE_MS = 15_000;

/** The position of a dead letter in its topic, which names it. */
export function positionOf(letter: DeadLetter): string {
  return `${letter.stage}/${letter.partition}/${letter.offset}`;
}

/** A page of the dead letters of a stage, newest first. */
export async function listLetters(
  pipeline: PipelineName,
  filters: { stage: string; reason?: string },
  after: string | null,
  signal: AbortSignal,
): Promise<Page<DeadLetter>> {
  const query = { ...filters, limit: PAGE, ...(after === null ? {} : { after }) };
  const page = await unwrap(
    api.GET("/v1/pipelines/{namespace}/{name}/dead-letters", {
      params: { path: { ...pipeline }, query },
      signal,
    }),
  );
  return { rows: page.deadLetters, next: page.next ?? null };
}

/** The record of redrives, newest first; read often while one runs. */
export function useRedrives(pipeline: PipelineName) {
  return useQuery({
    queryKey: ["redrives", pipeline],
    queryFn: async ({ signal }) =>
      (
        await unwrap(
          api.GET("/v1/pipelines/{namespace}/{name}/dead-letters/redrives", {
            params: { path: { ...pipeline } },
            signal,
          }),
        )
      ).redrives,
    refetchInterval: ({ state }) =>
      state.data?.some((one) => one.state === "Running") ? RUNNING_MS : IDLE_MS,
  });
}

/** How many dead letters a selection matches now. */
export function useMatched(pipeline: PipelineName, selection: Selection) {
  return useQuery({
    queryKey: ["matched", pipeline, selection],
    staleTime: 0,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const body = { all: false, ...selection, ratePerSecond: 1, dryRun: true };
      const answer = await unwrap(
        api.POST("/v1/pipelines/{namespace}/{name}/dead-letters/redrives", {
          params: { path: { ...pipeline } },
          body,
          signal,
        }),
      );
      return answer.matched;
    },
  });
}

export function useStartRedrive(pipeline: PipelineName) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ selection, ratePerSecond }: { selection: Selection; ratePerSecond: number }) =>
      unwrap(
        api.POST("/v1/pipelines/{namespace}/{name}/dead-letters/redrives", {
          params: { path: { ...pipeline } },
          body: { all: false, ...selection, ratePerSecond, dryRun: false },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["redrives", pipeline] }),
  });
}

export function useStopRedrive(pipeline: PipelineName) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      unwrap(
        api.DELETE("/v1/pipelines/{namespace}/{name}/dead-letters/redrives/{redrive_id}", {
          params: { path: { ...pipeline, redrive_id: id } },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["redrives", pipeline] }),
  });
}
