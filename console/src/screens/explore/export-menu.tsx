/** Downloads of the images that match. */

import { exportAddress } from "../../api/addresses";
import type { PipelineName } from "../../api/pipeline";
import { Icon } from "../../parts/icon";
import styles from "./export-menu.module.css";
import type { Filters } from "./filters";

export function ExportMenu({ pipeline, filters }: { pipeline: PipelineName; filters: Filters }) {
  return (
    <details
      className={styles.menu}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.open = false;
      }}
    >
      <summary>
        <Icon name="download" size={16} /> Export
      </summary>
      <ul>
        <li>
          <a href={exportAddress(pipeline, "jsonl", filters)} download>
            <strong>JSON Lines</strong>
            <span>One image with its results a line</span>
          </a>
        </li>
        <li>
          <a href={exportAddress(pipeline, "coco", filters)} download>
            <strong>COCO</strong>
            <span>Boxes and masks, for training and evaluation</span>
          </a>
        </li>
      </ul>
    </details>
  );
}
