"""The data folder of one broker, with its identity and its Kafka version, locked for one broker.

darkroom-kafka.json   the marker: Kafka version, cluster id, node id
lock                  locked while a broker uses the folder
server.properties     rewritten at every start
kafka.log, jvm.log    the broker's log; output of the JVM, and errors
log/                  Kafka's own data
"""

import json
import os
import shutil
import tempfile
import uuid
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from pathlib import Path

from darkroom.errors import DarkroomError
from darkroom.files.file_lock import try_lock
from darkroom.files.temporary_folder import LOCK, remove_abandoned
from darkroom_cli.local_kafka.jars import KAFKA_VERSION

_MARKER = "darkroom-kafka.json"
_UNFINISHED_MARKER = "darkroom-kafka.unfinished"
_TEMPORARY = "darkroom-kafka-"


@dataclass(frozen=True)
class Identity:
    """The broker, cluster and Kafka version of a folder's data."""

    kafka_version: str
    cluster_id: str
    node_id: int


class DataFolder:
    """A locked data folder. It is unlocked by `release()` and the end of every process that inherited `lock`."""

    def __init__(self, path: Path, identity: Identity, lock: int) -> None:
        self.path = path
        self.identity = identity
        self.lock = lock

    @property
    def log(self) -> Path:
        """The folder of Kafka's data. Exists once formatting is complete."""
        return self.path / "log"

    @property
    def unfinished_log(self) -> Path:
        """The folder in which storage is formatted, before it is renamed to `log`."""
        return self.path / "log.unfinished"

    def release(self) -> None:
        """Release the folder. Safe to call twice."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def remove(self) -> None:
        """Delete the folder with its contents, then release it. Safe to call twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def claim(path: Path, node_id: int = 1, cluster_id: str | None = None) -> DataFolder:
    """Create the folder if it is missing, lock it, and check that it is empty or has this broker's data.

    If `cluster_id` is None, an existing folder keeps its cluster id, and a new folder gets a random one.

    Raises:
        DarkroomError: The folder is not writable, is in use, or has other data.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        _identity(path)  # before a lock file is written to a folder with other data
        lock = try_lock(path / LOCK)
        if lock is None:
            raise DarkroomError(
                f"data folder {path} is in use by another running Kafka: stop it, or choose another folder"
            )
        try:
            return DataFolder(path, _settled_identity(path, node_id, cluster_id), lock)
        except BaseException:
            os.close(lock)
            raise
    except OSError as error:
        raise DarkroomError(
            f"data folder {path}: {error.strerror or error}: make it writable for this user, or choose another folder"
        ) from error


def claim_temporary() -> DataFolder:
    """Create a temporary folder, which the caller has to remove. Removes those of killed processes."""
    try:
        remove_abandoned(_TEMPORARY)
        path = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
    except OSError as error:
        raise DarkroomError(
            f"no temporary folder: {error}: choose another folder with TMPDIR, or give a data folder"
        ) from error
    return claim(path)


def random_id() -> str:
    """A random UUID in Kafka's format: 22 characters. Without a leading dash, which would look like an option."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _identity(path: Path) -> Identity | None:
    """The identity in the folder's marker file; None if the folder is new.

    Raises:
        DarkroomError: The folder is not empty, and its marker is missing or damaged.
    """
    marker = path / _MARKER
    if not marker.exists():
        if foreign := sorted({entry.name for entry in path.iterdir()} - {LOCK, _UNFINISHED_MARKER}):
            raise DarkroomError(
                f"data folder {path} contains {foreign[0]!r} but no {_MARKER}, so it is not a Kafka data folder: "
                "choose an empty or a new folder"
            )
        return None
    try:
        content = json.loads(marker.read_text(encoding="utf-8"))
        return Identity(str(content["kafka_version"]), str(content["cluster_id"]), int(content["node_id"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DarkroomError(
            f"{marker} is damaged ({error!r}): choose another data folder, or delete {path} and its data"
        ) from error


def _settled_identity(path: Path, node_id: int, cluster_id: str | None) -> Identity:
    """The identity of a locked folder. Written if the folder is new."""
    if (identity := _identity(path)) is None:
        identity = Identity(KAFKA_VERSION, cluster_id or random_id(), node_id)
        unfinished = path / _UNFINISHED_MARKER
        unfinished.write_text(json.dumps(asdict(identity), indent=2) + "\n", encoding="utf-8")
        unfinished.replace(path / _MARKER)
    _refuse(path, identity, node_id, cluster_id)
    return identity


def _refuse(path: Path, found: Identity, node_id: int, cluster_id: str | None) -> None:
    if found.kafka_version != KAFKA_VERSION:
        raise DarkroomError(
            f"data folder {path} holds data of Kafka {found.kafka_version}, this is Kafka {KAFKA_VERSION}: "
            "choose another folder, or delete this one and its data"
        )
    if found.node_id != node_id or cluster_id not in {None, found.cluster_id}:
        raise DarkroomError(
            f"data folder {path} belongs to broker {found.node_id} of cluster {found.cluster_id}, "
            f"not to broker {node_id} of cluster {cluster_id or found.cluster_id}: choose another folder"
        )
