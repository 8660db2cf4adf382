import { useMemo } from "react";
import type { ImageDocument } from "../../api/client";
import { Button } from "../../parts/button";
import { CopyButton } from "../../parts/copy";
import { useQueryText } from "../../parts/query-state";
import styles from "./json.module.css";

/** A result with masks may have megabytes, which no browser lays out quickly. */
const MOST_CHARACTERS = 200_000;

/** The document of the image as the API returns it. */
export function Json({ document }: { document: ImageDocument }) {
  const [shown, setShown] = useQueryText("json");
  const text = useMemo(() => (shown ? JSON.stringify(document, null, 2) : ""), [shown, document]);
  return (
    <section className={styles.json}>
      <div className={styles.head}>
        <Button small aria-expanded={shown !== ""} onClick={() => setShown(shown ? "" : "1")}>
          {shown ? "Hide the JSON" : "Show the JSON"}
        </Button>
        {shown && <CopyButton text={text} what="JSON" />}
      </div>
      {shown && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        <pre tabIndex={0}>
          {text.slice(0, MOST_CHARACTERS)}
          {text.length > MOST_CHARACTERS && "\n… Copy it to see the rest."}
        </pre>
      )}
    </section>
  );
}
