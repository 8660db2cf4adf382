"""The storage of a new broker, as `kafka-storage format` writes it, without the second that its JVM takes."""

import shutil
from importlib.resources import files

from darkroom_cli.local_kafka.data_folder import DataFolder, random_id
from darkroom_cli.local_kafka.jars import KAFKA_VERSION

# Records of the metadata log: the version of every feature. The same in all clusters of a Kafka version, except for
# the time of formatting.
BOOTSTRAP = "bootstrap.checkpoint"


def format_storage(folder: DataFolder) -> None:
    """Write the storage of a new broker. `folder.log` appears in one step, once it is complete.

    Source: Kafka's org.apache.kafka.metadata.storage.Formatter, for `controller.quorum.voters`.
    """
    identity = folder.identity
    properties = {
        "cluster.id": identity.cluster_id,
        "directory.id": random_id(),
        "node.id": str(identity.node_id),
        "version": "1",
    }
    shutil.rmtree(folder.unfinished_log, ignore_errors=True)
    folder.unfinished_log.mkdir()
    lines = (f"{name}={value}\n" for name, value in properties.items())
    (folder.unfinished_log / "meta.properties").write_text("".join(lines), encoding="ascii")
    bootstrap = files("darkroom_cli.local_kafka").joinpath(f"bootstrap-{KAFKA_VERSION}.checkpoint").read_bytes()
    (folder.unfinished_log / BOOTSTRAP).write_bytes(bootstrap)
    folder.unfinished_log.rename(folder.log)
