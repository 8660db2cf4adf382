import { Link } from "wouter";
import { Page } from "../parts/page";
import { State } from "../parts/states";

export function NotFound() {
  return (
    <Page title="Not found">
      <State icon="explore" title="There is no such page">
        <Link href="/">All pipelines</Link>
      </State>
    </Page>
  );
}
