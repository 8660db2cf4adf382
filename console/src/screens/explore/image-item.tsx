/**
 * One image of a list: as a card with its picture, or as a row. Scrolling renders only those that are new.
 *
 * Its links are plain: the list opens them, because each `Link` of the router would follow the address by itself.
 */

import { type AnchorHTMLAttributes, memo } from "react";
import { thumbnailAddress } from "../../api/addresses";
import { pagePath, usePipeline } from "../../api/pipeline";
import type { Answer } from "../../overlays/answer";
import { shownText } from "../../overlays/text";
import { StateBadge } from "../../parts/badge";
import { clock } from "../../parts/format";
import { Picture } from "../../parts/picture";
import { Thumbnail } from "../../parts/thumbnail";
import styles from "./image-item.module.css";
import type { ListedImage } from "./requests";

interface Props extends AnchorHTMLAttributes<HTMLAnchorElement> {
  image: ListedImage;
}

/** What to say of an image in one line: its best answer, else why it failed, else that it waits. */
function headline(image: ListedImage): string {
  const summary = image.results.map((result) => result.summary).find(Boolean);
  if (summary) return summary;
  return image.failures[0]?.reason ?? "No answer yet";
}

export const ImageCard = memo(function ImageCard({
  image,
  answers,
  ...link
}: Props & { answers: readonly Answer[] }) {
  const pipeline = usePipeline();
  return (
    <a
      {...link}
      href={pagePath(pipeline, "images", image.id)}
      className={styles.card}
      data-state={image.state}
    >
      <span className={styles.picture}>
        <Picture
          sources={image.image ? [thumbnailAddress(pipeline, image.id, 320)] : []}
          alt=""
          answers={answers}
          compact
          eager
        />
      </span>
      <span className={styles.headline}>{shownText(headline(image), 200)}</span>
      <span className={styles.quiet}>
        <time dateTime={image.at}>{clock(image.receivedAt ?? image.at)}</time>
        {image.state !== "Analyzed" && <StateBadge state={image.state} />}
      </span>
    </a>
  );
});

export const ImageRow = memo(function ImageRow({ image, ...link }: Props) {
  const pipeline = usePipeline();
  const failures = image.failures.map((failure) => `${failure.stage}: ${failure.reason}`);
  const answers = image.results.map((result) =>
    image.results.length > 1 ? `${result.stage}: ${result.summary}` : result.summary,
  );
  return (
    <a
      {...link}
      href={pagePath(pipeline, "images", image.id)}
      className={styles.row}
      data-state={image.state}
    >
      <Thumbnail src={image.image && thumbnailAddress(pipeline, image.id, 160)} className={styles.picture} />
      <time className={styles.time} dateTime={image.at}>
        {clock(image.receivedAt ?? image.at)}
      </time>
      <span className={styles.answers}>
        {shownText([...answers, ...failures].join(" · ") || "No answer yet", 300)}
      </span>
      <span className={styles.key}>{image.key && shownText(image.key)}</span>
      <StateBadge state={image.state} />
      <code className={styles.id}>{image.id.slice(0, 13)}…</code>
    </a>
  );
});
