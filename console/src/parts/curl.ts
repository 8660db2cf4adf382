import { imagesAddress } from "../api/addresses";
import type { PipelineName } from "../api/pipeline";

/** The command that sends a photo to the pipeline, from anywhere this page is reachable from. */
export function curlCommand(pipeline: PipelineName): string {
  return `curl --data-binary @photo.jpg -H "Content-Type: image/jpeg" ${location.origin}${imagesAddress(pipeline)}`;
}
