import { useEffect, useRef, useState } from "react";
import { Button } from "../../parts/button";
import styles from "./camera.module.css";

interface Props {
  onPicture: (file: File) => void;
  onClose: () => void;
}

/** A dialog with the camera's picture. */
export function Camera({ onPicture, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [error, setError] = useState("");
  const [ready, setReady] = useState(false);
  const [taken, setTaken] = useState(0);

  useEffect(() => {
    dialog.current?.showModal();
    let stream: MediaStream | null = null;
    let closed = false;
    openCamera().then(
      (opened) => {
        stream = opened;
        if (closed) stop(stream);
        else if (video.current) video.current.srcObject = stream;
      },
      (reason: unknown) => setError(messageOf(reason)),
    );
    return () => {
      closed = true;
      stop(stream);
    };
  }, []);

  async function take() {
    const file = video.current && (await pictureOf(video.current));
    if (!file) return;
    onPicture(file);
    setTaken((count) => count + 1);
  }

  return (
    <dialog ref={dialog} className={styles.camera} aria-labelledby="camera" onClose={onClose}>
      <h2 id="camera">Camera</h2>
      {error ? (
        <p>{error}</p>
      ) : (
        <video ref={video} autoPlay playsInline muted onLoadedData={() => setReady(true)} />
      )}
      <div className={styles.actions}>
        <span role="status">{taken > 0 && `${taken} taken`}</span>
        <Button onClick={() => dialog.current?.close()}>Close</Button>
        <Button look="primary" disabled={!ready || error !== ""} onClick={() => void take()}>
          Take a picture
        </Button>
      </div>
    </dialog>
  );
}

function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) return Promise.reject(new Error("insecure"));
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1920 } },
  });
}

function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function messageOf(reason: unknown): string {
  const name = reason instanceof Error ? reason.name : "";
  if (name === "NotAllowedError")
    return "The browser may not use the camera: allow it in the settings of this site.";
  if (name === "NotFoundError") return "There is no camera.";
  if (name === "NotReadableError") return "Another program uses the camera.";
  return "Browsers give the camera only to pages over HTTPS, or on this machine.";
}

async function pictureOf(video: HTMLVideoElement): Promise<File | null> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  const time = new Date().toISOString().slice(11, 19).replaceAll(":", "-");
  return blob && new File([blob], `camera-${time}.jpg`, { type: "image/jpeg" });
}
