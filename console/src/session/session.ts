/** Who is signed in, as the service says. */

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "../api/client";
import { problemFrom } from "../api/problems";

export type Session = Schemas["Session"];
/** How people can sign in. */
export type Way = Session["login"][number];

export interface SignedOut {
  ways: readonly Way[];
  /** How the service checks tokens. */
  access: string | null;
  /** What a token of the cluster must be for. */
  audience: string | null;
}

/** The session, or how one can be begun. */
export type SessionState = { session: Session } | { signedOut: SignedOut };

const KEY = ["session"] as const;
const RETRY_MS = 5_000;

/** The session. It is read again when a request is refused for want of a credential. */
export function useSession() {
  return useQuery({
    queryKey: KEY,
    queryFn: readSession,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (state.status === "error" ? RETRY_MS : false),
  });
}

/** Read the session before the page is drawn, which needs it. */
export function prefetchSession(queries: QueryClient): void {
  void queries.prefetchQuery({ queryKey: KEY, queryFn: readSession });
}

/** Read the session again. */
export function sessionMayHaveEnded(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: KEY });
}

/** Read everything again, as whoever is signed in now. */
export async function signedInAnew(queries: QueryClient): Promise<SessionState> {
  const state = await queries.fetchQuery({ queryKey: KEY, queryFn: readSession, staleTime: 0 });
  if ("session" in state) {
    void queries.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  }
  return state;
}

/** Exchange a token for a session.
 *
 * @throws Problem
 */
export async function signIn(token: string): Promise<void> {
  await unwrap(api.POST("/v1/session", { body: { token } }));
}

/** End the session of this browser, and load the page again: nothing of it stays in memory. */
export async function signOut(): Promise<void> {
  await unwrap(api.DELETE("/v1/session"));
  location.assign("/");
}

/** Where to sign in at the OpenID Connect provider, to return to `page`. */
export function loginAddress(page: string): string {
  return `/v1/session/login?return=${encodeURIComponent(page)}`;
}

async function readSession(): Promise<SessionState> {
  const { data, error, response } = await api.GET("/v1/session");
  if (response.ok && data) return { session: data };
  if (response.status === 401) return { signedOut: signedOutFrom(error) };
  throw problemFrom(error, response.status);
}

/** What the problem document of a refusal says about signing in. */
export function signedOutFrom(document: unknown): SignedOut {
  const { login, access, audience } = (document ?? {}) as Record<string, unknown>;
  return {
    ways: Array.isArray(login) ? login.filter((way): way is Way => way === "token" || way === "oidc") : [],
    access: typeof access === "string" ? access : null,
    audience: typeof audience === "string" ? audience : null,
  };
}
