import { useEffect } from "react";
import { Brand } from "../parts/brand";
import type { SignedOut } from "./session";
import styles from "./sign-in.module.css";
import { SignInForm } from "./sign-in-form";

export default function SignIn({ signedOut }: { signedOut: SignedOut }) {
  useEffect(() => {
    document.title = "Sign in · Darkroom";
  }, []);
  return (
    <main className={styles.page}>
      <section className={styles.card} aria-labelledby="sign-in-title">
        <Brand size={28} />
        <h1 id="sign-in-title">Sign in to Darkroom</h1>
        <SignInForm signedOut={signedOut} />
      </section>
    </main>
  );
}
