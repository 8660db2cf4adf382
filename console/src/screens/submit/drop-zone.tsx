import { useEffect, useRef, useState } from "react";
import { usePipelineSummary } from "../../api/pipeline";
import { Button } from "../../parts/button";
import { bytes } from "../../parts/format";
import { Icon } from "../../parts/icon";
import { Camera } from "./camera";
import styles from "./drop-zone.module.css";
import { droppedFiles, type Found, imagesOf } from "./files";

interface Props {
  onFiles: (found: Found) => void;
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
  useDrop(onFiles, setOver);
  const take = (chosen: readonly File[]) => onFiles({ images: chosen, leftOut: 0 });

  return (
    <section className={styles.zone} data-over={over} data-small={small} aria-label="Pictures to send">
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
          take([...(event.target.files ?? [])]);
          event.target.value = ""; // the same file may be chosen again
        }}
      />
      <input
        ref={folder}
        type="file"
        hidden
        webkitdirectory=""
        onChange={(event) => {
          onFiles(imagesOf([...(event.target.files ?? [])]));
          event.target.value = "";
        }}
      />
      {camera && <Camera onPicture={(file) => take([file])} onClose={() => setCamera(false)} />}
    </section>
  );
}

declare module "react" {
  interface InputHTMLAttributes<T> {
    webkitdirectory?: "" | undefined;
  }
}

/** Take files that are dropped anywhere: the browser would leave the page to show them. */
function useDrop(onFiles: Props["onFiles"], setOver: (over: boolean) => void): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const dragOver = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const dragLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(false);
      void droppedFiles(event.dataTransfer).then((found) => latest.current(found));
    };
    document.addEventListener("dragover", dragOver);
    document.addEventListener("dragleave", dragLeave);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", dragOver);
      document.removeEventListener("dragleave", dragLeave);
      document.removeEventListener("drop", drop);
    };
  }, [setOver]);
}

function usePaste(onFiles: Props["onFiles"]): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) latest.current({ images: files, leftOut: 0 });
    };
    document.addEventListener("paste", paste);
    return () => document.removeEventListener("paste", paste);
  }, []);
}
