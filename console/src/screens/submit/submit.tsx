/** Send pictures, and see the answers as they come. */

import { useEffect, useRef, useSyncExternalStore } from "react";
import { imagesAddress } from "../../api/addresses";
import { api, unwrap } from "../../api/client";
import { useLive } from "../../api/live/follow";
import { type PipelineName, usePipeline, usePipelineSummary } from "../../api/pipeline";
import { CopyButton } from "../../parts/copy";
import { curlCommand } from "../../parts/curl";
import { count, counted } from "../../parts/format";
import { Page } from "../../parts/page";
import { useMissing } from "../../session/rights";
import { WhyNot } from "../../session/why-not";
import { announce } from "../../shell/status-line";
import { DropZone } from "./drop-zone";
import type { Found } from "./files";
import styles from "./submit.module.css";
import { UploadTile } from "./upload-tile";
import { MOST_SHOWN, type Totals, Uploads } from "./uploads";

export default function Submit() {
  const pipeline = usePipeline();
  const summary = usePipelineSummary();
  const stages = summary?.stages.length ?? 1;
  const largest = summary?.maxBytes ?? Number.POSITIVE_INFINITY;
  const uploads = uploadsOf(pipeline);
  useEffect(() => {
    uploads.stages = stages;
    uploads.largest = largest;
  }, [uploads, stages, largest]);
  const shown = useSyncExternalStore(uploads.subscribe, uploads.shown);
  const totals = useSyncExternalStore(uploads.subscribe, uploads.totals);
  const noAnswers = useMissing("Read");
  useLive((update) => {
    if ("connection" in update) return;
    for (const event of [...update.batch.results, ...update.batch.failures]) uploads.take(event);
  }, noAnswers === null);
  useLookup(uploads, pipeline, noAnswers === null);
  const older = Math.max(0, totals.sent + totals.refused - MOST_SHOWN);

  function add({ images, leftOut }: Found) {
    if (images.length === 0) announce("The folder contains no images.");
    else if (leftOut > 0)
      announce(`Left out ${counted(leftOut, "file that is not an image", "files that are not images")}.`);
    uploads.add(images);
  }

  return (
    <Page title="Submit" wide>
      <DropZone onFiles={add} small={totals.all > 0} />
      {totals.all > 0 ? <Progress totals={totals} /> : <FromTerminal pipeline={pipeline} />}
      <WhyNot id="no-answers" missing={noAnswers} />
      <ul className={styles.tiles}>
        {shown.map((upload) => (
          <UploadTile key={upload.number} upload={upload} />
        ))}
      </ul>
      {older > 0 && <p className={styles.older}>{counted(older, "older picture")}: find them in Explore.</p>}
    </Page>
  );
}

/** Kept outside of the page, so that sending goes on while another one is shown. */
const all = new Map<string, Uploads>();

function uploadsOf(pipeline: PipelineName): Uploads {
  const address = imagesAddress(pipeline);
  const uploads = all.get(address) ?? new Uploads(address);
  all.set(address, uploads);
  return uploads;
}

const LOOK_AGAIN_MS = 2_000;
const LOOKED_AT = 8;

/** Ask for answers that the live stream may have missed. */
function useLookup(uploads: Uploads, pipeline: PipelineName, enabled: boolean): void {
  const asking = useRef(false);
  useEffect(() => {
    if (!enabled) return;
    const look = async () => {
      if (asking.current) return;
      asking.current = true;
      await Promise.all(
        uploads
          .unanswered()
          .slice(0, LOOKED_AT)
          .map(({ id }) => lookUp(uploads, pipeline, id ?? "")),
      );
      asking.current = false;
    };
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [uploads, pipeline, enabled]);
}

async function lookUp(uploads: Uploads, pipeline: PipelineName, id: string): Promise<void> {
  const path = { ...pipeline, image_id: id };
  try {
    const image = await unwrap(
      api.GET("/v1/pipelines/{namespace}/{name}/images/{image_id}", { params: { path } }),
    );
    const common = { pipeline: "", id };
    for (const data of image.results)
      uploads.take({ ...common, stage: data.stage, analyzedAt: "", summary: "", data });
    for (const { stage, reason, message } of image.failures) {
      uploads.take({ ...common, stage, reason, message, failedAt: null, partition: 0, offset: 0 });
    }
  } catch {
    // It is asked for again.
  }
}

function Progress({ totals }: { totals: Totals }) {
  const { all: whole, sent, answered, refused } = totals;
  const text = [
    `${count(sent)} of ${counted(whole, "picture")} sent`,
    `${count(answered)} answered`,
    refused > 0 && `${count(refused)} refused`,
  ];
  return (
    <div className={styles.progress}>
      <progress value={answered + refused} max={whole} aria-label="Answered" />
      <p>{text.filter(Boolean).join(" · ")}</p>
    </div>
  );
}

function FromTerminal({ pipeline }: { pipeline: PipelineName }) {
  const command = curlCommand(pipeline);
  return (
    <div className={styles.terminal}>
      <p>From a terminal:</p>
      <code>{command}</code>
      <CopyButton text={command} what="Command" />
    </div>
  );
}
