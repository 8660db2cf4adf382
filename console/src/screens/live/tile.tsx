import { memo } from "react";
import { Link } from "wouter";
import { contentAddress, thumbnailAddress } from "../../api/addresses";
import { pagePath, usePipeline, usePipelineSummary } from "../../api/pipeline";
import { shownText } from "../../overlays/text";
import { Badge } from "../../parts/badge";
import { Picture } from "../../parts/picture";
import { Time } from "../../parts/time";
import styles from "./tile.module.css";
import type { Tile } from "./wall";

/** One image of the wall: its thumbnail, what was found in it, in one line, and when. */
export const WallTile = memo(function WallTile({ tile }: { tile: Tile }) {
  const pipeline = usePipeline();
  const order = usePipelineSummary()?.stages.map((stage) => stage.name) ?? [];
  const summary = tile.summaries
    .toSorted((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage))
    .map(({ text }) => shownText(text, 200))
    .join(" · ");
  return (
    <li className={styles.tile}>
      <Link href={pagePath(pipeline, "images", tile.id)} className={styles.link}>
        <div className={styles.picture}>
          <Picture
            sources={[thumbnailAddress(pipeline, tile.id), contentAddress(pipeline, tile.id)]}
            alt=""
            answers={tile.answers}
            compact
          />
        </div>
        <div className={styles.caption}>
          {tile.failures.map((failure) => (
            <Badge key={failure.stage} tone="bad">
              {failure.reason}
            </Badge>
          ))}
          {summary && (
            <span className={styles.summary} title={summary}>
              {summary}
            </span>
          )}
          {tile.at && <Time at={tile.at} />}
        </div>
      </Link>
    </li>
  );
});
