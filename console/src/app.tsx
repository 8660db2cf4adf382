/** The routes of the console. Screens are loaded when they are first shown. */

import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useParams } from "wouter";
import { PipelineContext } from "./api/pipeline";
import { Loading } from "./parts/states";
import { NotFound } from "./shell/not-found";
import { Pipelines } from "./shell/pipelines";
import { Shell } from "./shell/shell";

const Live = lazy(() => import("./screens/live/live"));
const Explore = lazy(() => import("./screens/explore/explore"));
const Image = lazy(() => import("./screens/image/image"));
const DeadLetters = lazy(() => import("./screens/dead-letters/dead-letters"));
const Overview = lazy(() => import("./screens/overview/overview"));
const Submit = lazy(() => import("./screens/submit/submit"));

export function App() {
  return (
    <Switch>
      <Route path="/">
        <Shell>
          <Pipelines />
        </Shell>
      </Route>
      <Route path="/p/:namespace/:name/*?">
        <Pipeline />
      </Route>
      <Route>
        <Shell>
          <NotFound />
        </Shell>
      </Route>
    </Switch>
  );
}

function Pipeline() {
  const { namespace = "", name = "" } = useParams<{ namespace: string; name: string }>();
  const base = `/p/${namespace}/${name}`;
  return (
    <PipelineContext value={{ namespace, name }}>
      <Shell>
        <Suspense fallback={<Loading what="Loading the page" />}>
          <Switch>
            <Route path={base}>
              <Redirect to={`${base}/live`} replace />
            </Route>
            <Route path={`${base}/live`} component={Live} />
            <Route path={`${base}/explore`} component={Explore} />
            <Route path={`${base}/images/:id`} component={Image} />
            <Route path={`${base}/dead-letters`} component={DeadLetters} />
            <Route path={`${base}/overview`} component={Overview} />
            <Route path={`${base}/submit`} component={Submit} />
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Shell>
    </PipelineContext>
  );
}
