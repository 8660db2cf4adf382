/** Shows the console to those who are signed in, and the sign-in screen to others. */

import { useQueryClient } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { onUnauthenticated } from "../api/unauthenticated";
import { Loading } from "../parts/states";
import { sessionMayHaveEnded, useSession } from "./session";

const SignIn = lazy(() => import("./sign-in"));
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function Gate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const { data, isPending } = useSession();
  const [wasSignedIn, setWasSignedIn] = useState(false);
  const session = data && "session" in data ? data.session : null;
  useEffect(() => {
    if (session) setWasSignedIn(true);
  }, [session]);
  useEffect(() => onUnauthenticated(() => sessionMayHaveEnded(queries)), [queries]);
  useEffect(() => {
    if (!session?.expiresAt) return;
    const left = Math.max(0, Date.parse(session.expiresAt) - Date.now()) + 1_000;
    const timer = setTimeout(() => sessionMayHaveEnded(queries), Math.min(left, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  }, [queries, session]);

  if (isPending) return null;
  // A page that is open stays, with what it shows: its banner says that the session has ended.
  if (data && "signedOut" in data && !wasSignedIn) {
    return (
      <Suspense fallback={<Loading what="Loading the page" />}>
        <SignIn signedOut={data.signedOut} />
      </Suspense>
    );
  }
  return children;
}
