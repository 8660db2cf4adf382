import type { Connection } from "../../api/live/protocol";
import { Badge } from "../../parts/badge";

/** Whether new images would appear. */
export function ConnectionBadge({ connection, paused }: { connection: Connection; paused: boolean }) {
  switch (connection.state) {
    case "connecting":
      return <Badge>Connecting</Badge>;
    case "away":
      return (
        <Badge tone="bad">
          {connection.kind === "kafka-unavailable" ? "Kafka is away" : "Not connected"}
        </Badge>
      );
    case "open":
      return paused ? <Badge tone="warn">Paused</Badge> : <Badge tone="good">Live</Badge>;
  }
}
