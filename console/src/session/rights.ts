/** What the user may do with the images of the pipeline in the address. */

import { useQuery } from "@tanstack/react-query";
import { use } from "react";
import { api, type Schemas, unwrap } from "../api/client";
import { PipelineContext } from "../api/pipeline";
import { useSession } from "./session";

export type Right = Schemas["Right"];

const FRESH_MS = 30_000;

interface KnownRights {
  /** Null if they are not known, or not checked: nothing is disabled then, and the service decides. */
  rights: readonly Right[] | null;
  isPending: boolean;
}

export function useRights(): KnownRights {
  const pipeline = use(PipelineContext);
  const name = pipeline ? `${pipeline.namespace}/${pipeline.name}` : "";
  const state = useSession().data;
  const enabled = name !== "" && state !== undefined && "session" in state && state.session.access !== "none";
  const rights = useQuery({
    queryKey: ["rights", name],
    queryFn: async () =>
      (await unwrap(api.GET("/v1/session", { params: { query: { pipeline: name } } }))).rights ?? [],
    enabled,
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
  });
  return { rights: enabled ? (rights.data ?? null) : null, isPending: enabled && rights.isPending };
}

/** Why the user may not do what needs `right`; null if that is not so. */
export function useMissing(right: Right): string | null {
  const { rights } = useRights();
  const name = useUserName();
  return rights === null || rights.includes(right) ? null : sentence(name, [right]);
}

/** The name of the user. */
export function useUserName(): string {
  const state = useSession().data;
  return state && "session" in state ? state.session.name : "you";
}

/** Those of the rights that one needs and has not. */
export function missingOf(needed: readonly Right[], rights: readonly Right[]): Right[] {
  return needed.filter((right) => !rights.includes(right));
}

const ACTIONS: Record<Right, string> = {
  Submit: "send images",
  Read: "see images and results",
  ReadDeadLetters: "see dead letters",
  Redrive: "redrive dead letters",
};

/** What somebody who misses rights may not do. */
export function sentence(name: string, missing: readonly Right[]): string {
  return `${name} may not ${missing.map((right) => ACTIONS[right]).join(" or ")} here.`;
}

/** The role of the chart that gives a right. */
export const ROLES: Record<Right, string> = {
  Submit: "darkroom-submitter",
  Read: "darkroom-viewer",
  ReadDeadLetters: "darkroom-viewer",
  Redrive: "darkroom-admin",
};
