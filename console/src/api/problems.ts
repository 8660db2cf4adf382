/** Problem documents (RFC 9457) as errors with a message that a user can act on. */

/** An answer of the service that is not a success; `status` is 0 if the service was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    /** The last part of the problem's type, such as "kafka-unavailable". */
    readonly kind: string = "",
    /** Seconds after which a retry makes sense, if the service says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
    this.name = "Problem";
  }
}

/** The problem in an unsuccessful response. */
export async function problemOf(response: Response): Promise<Problem> {
  const retry = Number(response.headers.get("Retry-After"));
  const document = await documentOf(response);
  return problemFrom(document, response.status, Number.isFinite(retry) && retry > 0 ? retry : null);
}

/** A problem from its document, which may come from a proxy and have any form. */
export function problemFrom(document: unknown, status: number, retryAfter: number | null = null): Problem {
  const fields = typeof document === "object" && document !== null ? document : {};
  const text = (name: string) => {
    const value = (fields as Record<string, unknown>)[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  return new Problem(
    status,
    text("title") ?? `HTTP ${status}`,
    text("detail") ?? `The service answered with HTTP ${status}.`,
    text("type")?.split("/").pop() ?? "",
    retryAfter,
  );
}

/** Any thrown value as a problem: a failed fetch means that the service was not reached. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError && /fetch|network|load failed/i.test(error.message)) {
    return new Problem(
      0,
      "The service does not answer",
      "Check that it is running and that this machine can reach it.",
    );
  }
  return new Problem(0, "An error of this page", error instanceof Error ? error.message : String(error));
}

async function documentOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null;
  }
}
