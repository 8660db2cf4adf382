/** The routes of the console. Screens are loaded when they are first shown. */

import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useParams } from "wouter";
import { PipelineContext } from "./api/pipeline";
import { Loading } from "./parts/states";
import { NeedsRights } from "./session/needs-rights";
import { NotFound } from "./shell/not-found";
import { Pipelines } from "./shell/pipelines";
import { Shell } from "./shell/shell";

const Live = lazy(() => import("./screens/live/live"));
const Explore = lazy(() => import("./screens/explore/explore"));
const Image = lazy(() => import("./screens/image/image"));
const DeadLetters = lazy(() => import("./screens/dead-letters/dead-letters"));
const Overview = lazy(() => import("./screens/overview/overview"));
const Submit = lazy(() => import("./screens/submit/submit"));

const SCREENS = [
  { path: "live", title: "Live", rights: ["Read"], Screen: Live },
  { path: "explore", title: "Explore", rights: ["Read"], Screen: Explore },
  { path: "images/:id", title: "Image", rights: ["Read"], Screen: Image },
  { path: "dead-letters", title: "Dead letters", rights: ["Read", "ReadDeadLetters"], Screen: DeadLetters },
  { path: "overview", title: "Overview", rights: ["Read"], Screen: Overview },
  { path: "submit", title: "Submit", rights: ["Submit"], Screen: Submit },
] as const;

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
            {SCREENS.map(({ path, title, rights, Screen }) => (
              <Route key={path} path={`${base}/${path}`}>
                <NeedsRights rights={rights} title={title}>
                  <Screen />
                </NeedsRights>
              </Route>
            ))}
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Shell>
    </PipelineContext>
  );
}
