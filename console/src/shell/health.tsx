/** A line above every screen if the service, its store or Kafka is away. */

import { useQuery } from "@tanstack/react-query";
import { asProblem } from "../api/problems";
import { shownText } from "../overlays/text";
import { Icon } from "../parts/icon";
import styles from "./health.module.css";

interface Check {
  name: string;
  ok: boolean;
  message: string;
  required: boolean;
}

const LOOK_EVERY_MS = 10_000;

function useHealth() {
  return useQuery({ queryKey: ["health"], queryFn: readiness, refetchInterval: LOOK_EVERY_MS, retry: false });
}

/** Whether the service has lost Kafka: no new images and results come then. */
export function useKafkaIsAway(): boolean {
  return useHealth().data?.some(isKafkaAway) ?? false;
}

export function Health() {
  const health = useHealth();
  const text = health.isError
    ? `${asProblem(health.error).title}. Trying again.`
    : health.data && sentence(health.data);
  return (
    <div role="status" className={styles.health} data-shown={Boolean(text)}>
      {text && (
        <>
          <Icon name="plug" />
          {text}
        </>
      )}
    </div>
  );
}

/** The checks of the service; also when it is not ready, which is a response with status 503. */
async function readiness(): Promise<Check[]> {
  const response = await fetch("/readyz");
  const document: { checks?: Check[] } = await response.json().catch(() => ({}));
  return document.checks ?? [];
}

/** What is away, and what that means; "" if all is well. */
export function sentence(checks: readonly Check[]): string {
  const failed = checks.find((check) => check.required && !check.ok);
  if (!failed) return "";
  if (checks.some(isKafkaAway)) {
    return "Kafka is away. Accepted images are safe in their topic; work continues when Kafka is back.";
  }
  return shownText(`${failed.name}: ${failed.message}`, 300);
}

function isKafkaAway({ name, ok }: Check): boolean {
  return !ok && name.startsWith("kafka");
}
