/** A line above every screen when the session has ended while a page is open, and the dialog to sign in again. */

import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Button } from "../parts/button";
import shared from "../parts/dialog.module.css";
import { Icon } from "../parts/icon";
import { useSession } from "./session";
import styles from "./session-ended.module.css";

const SignInForm = lazy(async () => ({ default: (await import("./sign-in-form")).SignInForm }));

export function SessionEnded() {
  const { data } = useSession();
  const signedOut = data && "signedOut" in data ? data.signedOut : null;
  const [open, setOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = open && signedOut !== null;
  useEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  useEffect(() => {
    if (!signedOut) setOpen(false); // signed in again
  }, [signedOut]);
  return (
    <>
      <div role="status" className={styles.line} data-shown={signedOut !== null}>
        {signedOut && (
          <>
            <Icon name="lock" />
            <span>Your session has ended. What is shown is from before.</span>
            <Button small onClick={() => setOpen(true)}>
              Sign in again
            </Button>
          </>
        )}
      </div>
      <dialog
        ref={dialog}
        className={`${shared.dialog} ${styles.dialog}`}
        aria-labelledby="session-ended-title"
        onClose={() => setOpen(false)}
      >
        <h2 id="session-ended-title">Sign in again</h2>
        <p>The page stays as it is.</p>
        {shown && (
          <Suspense>
            <SignInForm signedOut={signedOut} />
          </Suspense>
        )}
        <Button look="quiet" onClick={() => setOpen(false)}>
          Not now
        </Button>
      </dialog>
    </>
  );
}
