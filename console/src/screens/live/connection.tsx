import type { Connection } from "../../api/live/protocol";
import { Badge } from "../../parts/badge";
import { useKafkaIsAway } from "../../shell/health";

/** Whether new images would appear. */
export function ConnectionBadge({ connection, paused }: { connection: Connection; paused: boolean }) {
  const kafkaIsAway = useKafkaIsAway();
  if (kafkaIsAway) return <Badge tone="bad">Kafka is away</Badge>;
  switch (connection.state) {
    case "connecting":
      return <Badge>Connecting</Badge>;
    case "away":
      return <Badge tone="bad">Not connected</Badge>;
    case "open":
      return paused ? <Badge tone="warn">Paused</Badge> : <Badge tone="good">Live</Badge>;
  }
}
