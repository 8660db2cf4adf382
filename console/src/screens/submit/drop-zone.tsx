import { type DragEvent, useEffect, useRef, useState } from "react";
import { usePipelineSummary } from "../../api/pipeline";
import { Button } from "../../parts/button";
import { bytes } from "../../parts/format";
import { Icon } from "../../parts/icon";
import { Camera } from "./camera";
import styles from "./drop-zone.module.css";
import { droppedFiles, imagesOf } from "./files";

interface Props {
  onFiles: (files: readonly File[]) => void;
  /** Less high, once there is something to see below. */
  small: boolean;
}

/** Takes pictures: dropped, chosen, pasted, or from the camera. */
export function DropZone({ onFiles, small }: Props) {
  const largest = usePipelineSummary()?.maxBytes;
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [camera, setCamera] = useState(false);
  usePaste(onFiles);

  async function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    onFiles(await droppedFiles(event.dataTransfer));
  }

  return (
    <section
      className={styles.zone}
      data-over={over}
      data-small={small}
      aria-label="Pictures to send"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void drop(event)}
    >
      <div className={styles.say}>
        <Icon name="submit" size={small ? 22 : 32} />
        <p>
          <strong>Drop pictures or a folder</strong>, or paste one.
        </p>
        {!small && largest !== undefined && (
          <p>JPEG, PNG, WebP, TIFF and others, up to {bytes(largest)} each.</p>
        )}
      </div>
      <div className={styles.buttons}>
        <Button look="primary" onClick={() => files.current?.click()}>
          <Icon name="image" size={16} />
          Choose pictures
        </Button>
        <Button onClick={() => folder.current?.click()}>
          <Icon name="folder" size={16} />
          Folder
        </Button>
        <Button onClick={() => setCamera(true)}>
          <Icon name="camera" size={16} />
          Camera
        </Button>
      </div>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        data-testid="files"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = ""; // the same file may be chosen again
        }}
      />
      <input
        ref={folder}
        type="file"
        hidden
        webkitdirectory=""
        onChange={(event) => {
          onFiles(imagesOf(event.target.files));
          event.target.value = "";
        }}
      />
      {camera && <Camera onPicture={(file) => onFiles([file])} onClose={() => setCamera(false)} />}
    </section>
  );
}

declare module "react" {
  interface InputHTMLAttributes<T> {
    webkitdirectory?: "" | undefined;
  }
}

function usePaste(onFiles: Props["onFiles"]): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) latest.current(files);
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);
}
