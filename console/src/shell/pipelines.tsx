/** The first page: all pipelines, or the only one. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, Redirect } from "wouter";
import { thumbnailAddress } from "../api/addresses";
import { api, type PipelineSummary, unwrap } from "../api/client";
import { pagePath, usePipelines } from "../api/pipeline";
import { Page } from "../parts/page";
import { Empty, Loading, ProblemState, State } from "../parts/states";
import { useSession } from "../session/session";
import { PipelineFlow } from "./pipeline-flow";
import styles from "./pipelines.module.css";

export function Pipelines() {
  const pipelines = usePipelines();
  const [only, ...more] = pipelines.data ?? [];
  if (only && more.length === 0) return <Redirect to={pagePath(only, "live")} replace />;
  return (
    <Page title="Pipelines">
      {pipelines.isPending && <Loading />}
      {pipelines.isError && <ProblemState error={pipelines.error} retry={() => void pipelines.refetch()} />}
      {pipelines.data && !only && <NoPipeline />}
      <ul className={styles.list}>
        {pipelines.data?.map((pipeline) => (
          <li key={`${pipeline.namespace}/${pipeline.name}`}>
            <PipelineCard pipeline={pipeline} />
          </li>
        ))}
      </ul>
    </Page>
  );
}

function NoPipeline() {
  const state = useSession().data;
  if (state && "session" in state && state.session.access !== "none") {
    return (
      <State icon="lock" title="No pipeline to show">
        <p>
          {state.session.name} may not see images of a pipeline, or none is served. If you may only send
          images, open <code>/p/NAMESPACE/NAME/submit</code>.
        </p>
      </State>
    );
  }
  return (
    <Empty title="No pipeline is served">
      <p>Apply an ImagePipeline to the cluster, or start one on this machine:</p>
      <code>darkroom up pipeline.yaml</code>
    </Empty>
  );
}

function PipelineCard({ pipeline }: { pipeline: PipelineSummary }) {
  return (
    <Link href={pagePath(pipeline, "live")} className={styles.card}>
      <Newest pipeline={pipeline} />
      <h2>{pipeline.name}</h2>
      <p className={styles.namespace}>
        {pipeline.namespace}
        {pipeline.suspended && " · suspended"}
      </p>
      <ul className={styles.stages}>
        {pipeline.stages.map((stage) => (
          <li key={stage.name}>
            {stage.name} <span>{stage.output}</span>
          </li>
        ))}
      </ul>
      <PipelineFlow pipeline={pipeline} />
    </Link>
  );
}

const SHOWN = 4;

/** The newest images, as a strip. */
function Newest({ pipeline: { namespace, name } }: { pipeline: PipelineSummary }) {
  const newest = useQuery({
    queryKey: ["strip", namespace, name],
    queryFn: () =>
      unwrap(
        api.GET("/v1/pipelines/{namespace}/{name}/results", {
          params: { path: { namespace, name }, query: { limit: SHOWN * 4 } },
        }),
      ),
  });
  const results = new Map(newest.data?.results.map((result) => [result.imageId, result]));
  return (
    <div className={styles.strip} data-empty={newest.isSuccess && results.size === 0}>
      {[...results.values()].slice(0, SHOWN).map((result) => (
        <div key={result.imageId}>
          <Thumbnail address={thumbnailAddress({ namespace, name }, result.imageId, 160)} />
        </div>
      ))}
    </div>
  );
}

function Thumbnail({ address }: { address: string }) {
  const [failed, setFailed] = useState(false);
  return failed ? null : <img src={address} alt="" decoding="async" onError={() => setFailed(true)} />;
}
