/** Sends one image, with progress. */

import { Problem, problemFrom } from "../../api/problems";
import { noteStatus } from "../../api/unauthenticated";

const ATTEMPTS = 6;
const DEFAULT_WAIT_S = 2;

export interface Sending {
  address: string;
  file: File;
  /** With the same key the image is accepted once, however often it is sent. */
  idempotencyKey: string;
  onProgress: (fraction: number) => void;
}

/** The id of the accepted image. Sends again if the service is busy or was not reached.
 *
 * @throws Problem
 */
export async function send(sending: Sending): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await sendOnce(sending);
    } catch (error) {
      if (!(error instanceof Problem) || !mayRetry(error) || attempt === ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000 * (error.retryAfter ?? DEFAULT_WAIT_S)));
    }
  }
}

function mayRetry({ status }: Problem): boolean {
  return status === 0 || status === 409 || status === 429 || status === 503;
}

// Not fetch, which does not report the progress of an upload.
function sendOnce({ address, file, idempotencyKey, onProgress }: Sending): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    // Not file.type, which browsers guess from the name: the service finds the format in the bytes.
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Idempotency-Key", idempotencyKey);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      noteStatus(request.status);
      const retry = Number(request.getResponseHeader("Retry-After"));
      if (request.status === 202 && typeof request.response?.id === "string") resolve(request.response.id);
      else reject(problemFrom(request.response, request.status, retry > 0 ? retry : null));
    };
    request.onerror = () => reject(new Problem(0, "Not sent", "The service does not answer."));
    request.send(file);
  });
}
