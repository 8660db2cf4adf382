/** The HTTP API, typed by its OpenAPI document. */

import createClient from "openapi-fetch";
import { asProblem, problemFrom } from "./problems";
import type { components, paths } from "./schema";
import { noteStatus } from "./unauthenticated";

export type Schemas = components["schemas"];
export type PipelineSummary = Schemas["PipelineSummary"];
export type ImageDocument = Schemas["Image"];
export type TraceDocument = Schemas["Trace"];
export type TraceStep = Schemas["TraceStep"];

export const api = createClient<paths>({ baseUrl: "" });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The document of a successful response.
 *
 * Use it as `unwrap(api.GET(path, options))` in queries and mutations.
 *
 * @throws Problem
 */
export async function unwrap<T>(request: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await request;
  } catch (error) {
    throw asProblem(error);
  }
  if (!answer.response.ok) {
    noteStatus(answer.response.status);
    const retry = Number(answer.response.headers.get("Retry-After"));
    throw problemFrom(answer.error, answer.response.status, retry > 0 ? retry : null);
  }
  return answer.data as T;
}
