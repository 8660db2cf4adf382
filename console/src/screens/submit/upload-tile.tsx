import { memo } from "react";
import { Link } from "wouter";
import { thumbnailAddress } from "../../api/addresses";
import { pagePath, usePipeline } from "../../api/pipeline";
import { shownText } from "../../overlays/text";
import { Badge, type Tone } from "../../parts/badge";
import { Picture } from "../../parts/picture";
import styles from "./upload-tile.module.css";
import type { Upload } from "./uploads";

/** One picture that is sent, with what its stages found. */
export const UploadTile = memo(function UploadTile({ upload }: { upload: Upload }) {
  const pipeline = usePipeline();
  const name = shownText(upload.file.name);
  const sources = upload.id ? [upload.preview, thumbnailAddress(pipeline, upload.id)] : [upload.preview];
  const picture = (
    <div className={styles.picture} data-state={upload.state}>
      <Picture sources={sources} alt="" answers={upload.answers} compact />
      {upload.state === "sending" && (
        <progress
          className={styles.progress}
          value={upload.progress}
          max="1"
          aria-label={`Sending ${name}`}
        />
      )}
    </div>
  );
  return (
    <li className={styles.tile}>
      {upload.id ? (
        <Link href={pagePath(pipeline, "images", upload.id)} aria-label={`Open ${name}`}>
          {picture}
        </Link>
      ) : (
        picture
      )}
      <div className={styles.caption}>
        <span className={styles.name} title={name}>
          {name}
        </span>
        <Badge tone={toneOf(upload)}>{wordOf(upload)}</Badge>
      </div>
      {upload.message && <p className={styles.message}>{upload.message}</p>}
    </li>
  );
});

function toneOf({ state, failures }: Upload): Tone {
  if (state === "refused" || failures.length > 0) return "bad";
  return state === "answered" ? "good" : "plain";
}

function wordOf({ state, failures }: Upload): string {
  const [failure] = failures;
  if (failure) return failure.reason;
  return { sending: "Sending", accepted: "Sent", answered: "Analysed", refused: "Refused" }[state];
}
