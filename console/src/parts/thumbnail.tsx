import { useState } from "react";
import { Icon } from "./icon";
import { loadsWhileShown } from "./loads-while-shown";
import styles from "./thumbnail.module.css";

interface Props {
  /** The address of the picture; null if there is none. */
  src: string | null;
  className?: string;
  /** Said where the picture cannot be shown. */
  note?: string;
}

/** A small picture; an icon where its file has been removed, or cannot be decoded. */
export function Thumbnail({ src, className = "", note }: Props) {
  const [broken, setBroken] = useState<string | null>(null);
  return (
    <span className={`${styles.thumbnail} ${className}`}>
      {src === null || broken === src ? (
        <span className={styles.none}>
          <Icon name="image" size={22} />
          {note}
        </span>
      ) : (
        <img
          ref={loadsWhileShown}
          src={src}
          alt=""
          loading="lazy"
          decoding="async"
          draggable={false}
          onError={() => setBroken(src)}
        />
      )}
    </span>
  );
}
