/** The ways to sign in: at an OpenID Connect provider, or with a token. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { asProblem, Problem } from "../api/problems";
import { Button } from "../parts/button";
import { CopyButton } from "../parts/copy";
import { loginAddress, type SignedOut, signedInAnew, signIn } from "./session";
import styles from "./sign-in-form.module.css";

const NO_COOKIE =
  "This browser has not kept the session cookie. Open the console over HTTPS, or as http://localhost.";

export function SignInForm({ signedOut }: { signedOut: SignedOut }) {
  const [path] = useLocation();
  const search = useSearch();
  const { ways } = signedOut;
  return (
    <div className={styles.ways}>
      {ways.includes("oidc") && (
        <a className={styles.oidc} href={loginAddress(search ? `${path}?${search}` : path)}>
          Sign in with single sign-on
        </a>
      )}
      {ways.length > 1 && <p className={styles.or}>or with a token</p>}
      {ways.includes("token") && <WithToken signedOut={signedOut} />}
      {ways.length === 0 && (
        <p>
          The service takes users from a proxy in front of it. Open the console at the address of that proxy.
        </p>
      )}
    </div>
  );
}

function WithToken({ signedOut }: { signedOut: SignedOut }) {
  const queries = useQueryClient();
  const [token, setToken] = useState("");
  const [field, note] = [useId(), useId()];
  const attempt = useMutation({
    mutationFn: async () => {
      await signIn(token.trim());
      const state = await signedInAnew(queries);
      if ("signedOut" in state) throw new Problem(0, "Not signed in", NO_COOKIE);
    },
  });
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        attempt.mutate();
      }}
    >
      <label htmlFor={field}>Token</label>
      <input
        id={field}
        type="password"
        name="token"
        autoComplete="off"
        spellCheck={false}
        required
        value={token}
        aria-invalid={attempt.isError}
        aria-describedby={note}
        onChange={(event) => setToken(event.target.value)}
      />
      <div id={note} className={styles.note}>
        {attempt.isError ? (
          <p role="alert" className={styles.error}>
            {asProblem(attempt.error).message}
          </p>
        ) : (
          <Hint signedOut={signedOut} />
        )}
      </div>
      <Button
        type="submit"
        look={signedOut.ways.includes("oidc") ? "plain" : "primary"}
        disabled={attempt.isPending || token.trim() === ""}
      >
        Sign in
      </Button>
    </form>
  );
}

function Hint({ signedOut: { access, audience } }: { signedOut: SignedOut }) {
  if (access !== "kubernetes") return <p>Ask whoever runs this service for one.</p>;
  const command = `kubectl create token NAME --audience ${audience ?? "darkroom"}`;
  return (
    <>
      <p>Of a service account of the cluster, for this audience:</p>
      <div className={styles.command}>
        <code>{command}</code>
        <CopyButton text={command} what="Command" />
      </div>
    </>
  );
}
