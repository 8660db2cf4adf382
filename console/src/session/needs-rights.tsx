/** A screen for those who have the rights to it; for others, why they can't see it. */

import { Fragment, type ReactNode } from "react";
import { Link } from "wouter";
import { pagePath, usePipeline } from "../api/pipeline";
import { Page } from "../parts/page";
import { Loading, State } from "../parts/states";
import styles from "./needs-rights.module.css";
import { missingOf, type Right, ROLES, sentence, useRights, useUserName } from "./rights";

interface Props {
  rights: readonly Right[];
  /** The heading of the screen. */
  title: string;
  children: ReactNode;
}

export function NeedsRights({ rights: needed, title, children }: Props) {
  const { rights, isPending } = useRights();
  if (isPending) return <Loading what="Loading the page" />;
  const missing = rights === null ? [] : missingOf(needed, rights);
  return missing.length === 0 ? children : <NoAccess title={title} rights={rights ?? []} missing={missing} />;
}

/** Screens that are useful with one other right. */
const OTHERS: readonly { right: Right; path: string; label: string }[] = [
  { right: "Read", path: "live", label: "Live" },
  { right: "Submit", path: "submit", label: "Submit" },
];

interface NoAccessProps {
  title: string;
  rights: readonly Right[];
  missing: readonly Right[];
}

function NoAccess({ title, rights, missing }: NoAccessProps) {
  const pipeline = usePipeline();
  const name = useUserName();
  const others = OTHERS.filter(({ right }) => rights.includes(right));
  return (
    <Page title={title}>
      <State icon="lock" title="You have no access to this page">
        <p>
          {sentence(name, missing)} This page needs{" "}
          {missing.map((right) => `the right ${right}`).join(" and ")} to{" "}
          <strong>
            {pipeline.namespace}/{pipeline.name}
          </strong>
          .
        </p>
        <p>
          Ask whoever runs the pipeline. In a cluster, the role{" "}
          <code className={styles.role}>{ROLES[missing[missing.length - 1] ?? "Read"]}</code> gives it.
        </p>
        {others.length > 0 && (
          <p>
            You may use{" "}
            {others.map(({ path, label }, index) => (
              <Fragment key={path}>
                {index > 0 && " and "}
                <Link href={pagePath(pipeline, path)}>{label}</Link>
              </Fragment>
            ))}
            .
          </p>
        )}
      </State>
    </Page>
  );
}
