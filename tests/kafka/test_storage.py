"""The storage of a new broker, compared with what Kafka's own tool writes."""

from collections.abc import Iterator
from pathlib import Path

from darkroom_cli.local_kafka.data_folder import claim
from darkroom_cli.local_kafka.jar_cache import ensure_jars
from darkroom_cli.local_kafka.jvm import Jvm
from darkroom_cli.local_kafka.server_properties import Member, render, server_properties
from darkroom_cli.local_kafka.storage import BOOTSTRAP, format_storage

PROPERTIES = "server.properties"


def test_storage_is_formatted_as_by_kafkas_own_tool(tmp_path: Path) -> None:
    ours = claim(tmp_path / "ours", node_id=3)
    format_storage(ours)
    ours.release()
    cluster_id = ours.identity.cluster_id
    properties = server_properties(Member(3, cluster_id, {3: 9093}, 9094), (), "log", {}, cores=2)
    (tmp_path / PROPERTIES).write_text(render(properties))
    command = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", PROPERTIES]
    output = tmp_path / "jvm.log"
    jvm = Jvm(["-cp", ":".join(map(str, ensure_jars())), *command], folder=tmp_path, output=output)
    assert jvm.wait(60) == 0, output.read_text()
    theirs = tmp_path / "log"
    assert {file.name for file in ours.log.iterdir()} == {file.name for file in theirs.iterdir()}
    assert settings(ours.log) == settings(theirs)
    assert list(batches(ours.log / BOOTSTRAP)) == list(batches(theirs / BOOTSTRAP))


def settings(log: Path) -> dict[str, str]:
    """What meta.properties says, with the length of the random id in place of it."""
    lines = (log / "meta.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    return found | {"directory.id": str(len(found["directory.id"]))}


def batches(checkpoint: Path) -> Iterator[bytes]:
    """Its record batches (message format 2) without their checksums, 4 bytes from 17, and times, 16 bytes from 27."""
    content = checkpoint.read_bytes()
    while content:
        length = 12 + int.from_bytes(content[8:12])
        yield content[:17] + content[21:27] + content[43:length]
        content = content[length:]
