/** One image, large, with the answers of its stages, what happened to it, and why it failed. */

import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useParams } from "wouter";
import { contentAddress, thumbnailAddress } from "../../api/addresses";
import { api, type ImageDocument, unwrap } from "../../api/client";
import { type PipelineName, usePipeline, usePipelineSummary } from "../../api/pipeline";
import { type Answer, readAnswer } from "../../overlays/answer";
import { StateBadge } from "../../parts/badge";
import { Icon } from "../../parts/icon";
import { Page } from "../../parts/page";
import { Picture } from "../../parts/picture";
import { useQueryNumber, useQuerySet, useQueryText } from "../../parts/query-state";
import { Loading, ProblemState } from "../../parts/states";
import { useKafkaIsAway } from "../../shell/health";
import { AnalyseAgain } from "./analyse-again";
import { Failures } from "./failures";
import styles from "./image.module.css";
import { Json } from "./json";
import { Panel } from "./panel";
import { Trace } from "./trace";

const LOOK_AGAIN_MS = 1_000;

export default function ImageScreen() {
  const pipeline = usePipeline();
  const { id = "" } = useParams<{ id: string }>();
  const image = useQuery({
    queryKey: ["image", pipeline, id],
    queryFn: () => unwrap(api.GET(PATH, { params: { path: { ...pipeline, image_id: id } } })),
    refetchInterval: (query) => (query.state.data?.state === "Received" ? LOOK_AGAIN_MS : false),
  });
  return (
    <Page title="Image" wide actions={image.data && <Actions pipeline={pipeline} image={image.data} />}>
      {image.isPending && <Loading what="Loading the image" />}
      {image.isError && <ProblemState error={image.error} retry={() => void image.refetch()} />}
      {image.data && <Shown pipeline={pipeline} image={image.data} />}
    </Page>
  );
}

/** The shape of the frame if the size of the image is unknown, because no stage has decoded it. */
const NO_PICTURE = 2;
const PATH = "/v1/pipelines/{namespace}/{name}/images/{image_id}";

function Actions({ pipeline, image }: { pipeline: PipelineName; image: ImageDocument }) {
  return (
    <>
      <a className={styles.action} href={contentAddress(pipeline, image.id)} download={image.id}>
        <Icon name="download" size={16} />
        Original
      </a>
      <AnalyseAgain id={image.id} />
    </>
  );
}

function Shown({ pipeline, image }: { pipeline: PipelineName; image: ImageDocument }) {
  const [off] = useQuerySet("off");
  const [threshold] = useQueryNumber("threshold", 0, [0, 1]);
  const [label] = useQueryText("label");
  const summary = usePipelineSummary();
  // Then the service may still have a thumbnail.
  const kafkaIsAway = useKafkaIsAway();
  const thumbnail = thumbnailAddress(pipeline, image.id, 640);
  const answers = useMemo(() => image.results.map(readAnswer).filter((one) => one !== null), [image.results]);
  const shown = useMemo(() => answers.filter((answer) => !off.has(answer.stage)), [answers, off]);
  const done = new Set([...image.results, ...image.failures].map((one) => one.stage));
  const waiting = summary?.stages.map((stage) => stage.name).filter((name) => !done.has(name)) ?? [];
  return (
    <>
      <p className={styles.about}>
        <StateBadge state={image.state} />
        <code>{image.id}</code>
        {image.key && (
          <span>
            key <code>{image.key}</code>
          </span>
        )}
        {sizeOf(answers)}
      </p>
      <div className={styles.body}>
        <figure className={styles.picture} style={{ aspectRatio: shapeOf(answers) }}>
          <Picture
            key={String(kafkaIsAway)}
            sources={kafkaIsAway ? [thumbnail] : [contentAddress(pipeline, image.id), thumbnail]}
            note={kafkaIsAway ? "The picture is in Kafka, which is away." : undefined}
            alt={altOf(answers)}
            answers={shown}
            threshold={threshold}
            label={label || null}
            eager
          />
        </figure>
        <Panel answers={answers} waiting={waiting}>
          <Failures failures={image.failures} />
        </Panel>
      </div>
      <Trace id={image.id} state={image.state} />
      <Json document={image} />
    </>
  );
}

function sizeOf(answers: readonly Answer[]) {
  const found = answers.find((answer) => answer.width > 0);
  return found ? <span>{`${found.width} × ${found.height}`}</span> : null;
}

function shapeOf(answers: readonly Answer[]): number {
  const found = answers.find((answer) => answer.width > 0 && answer.height > 0);
  return found ? found.width / found.height : NO_PICTURE;
}

function altOf(answers: readonly Answer[]): string {
  const found = answers.flatMap((answer) => [
    ...answer.facts.map((fact) => fact.text),
    ...answer.marks.map((mark) => mark.label),
  ]);
  return found.length > 0 ? `Image with ${found.slice(0, 8).join(", ")}` : "Image";
}
