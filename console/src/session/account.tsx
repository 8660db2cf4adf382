/** Who is signed in, and the way out. */

import { useMutation } from "@tanstack/react-query";
import { asProblem } from "../api/problems";
import { Icon } from "../parts/icon";
import { announce } from "../shell/status-line";
import styles from "./account.module.css";
import { signOut, useSession } from "./session";

export function Account() {
  const { data } = useSession();
  const leave = useMutation({
    mutationFn: signOut,
    onError: (error) => announce(`Not signed out: ${asProblem(error).message}`),
  });
  if (!data || !("session" in data) || data.session.access === "none") return null;
  const { name, method, groups } = data.session;
  return (
    <div className={styles.account}>
      <p className={styles.name} title={groups.length > 0 ? `Groups: ${groups.join(", ")}` : undefined}>
        <Icon name="user" />
        <span className="visually-hidden">Signed in as </span>
        <span>{name}</span>
      </p>
      {method !== "Proxy" && (
        <button
          type="button"
          className={styles.out}
          title="Sign out"
          disabled={leave.isPending}
          onClick={() => leave.mutate()}
        >
          <Icon name="exit" />
          <span className="visually-hidden">Sign out</span>
        </button>
      )}
    </div>
  );
}
