/** Tells when the service has refused a request for want of a credential: the session may have ended. */

const listeners = new Set<() => void>();

export function onUnauthenticated(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tell it if `status` is that of such a refusal. */
export function noteStatus(status: number): void {
  if (status !== 401) return;
  for (const listener of listeners) listener();
}
