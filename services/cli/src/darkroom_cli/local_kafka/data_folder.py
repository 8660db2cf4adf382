"""The data folder of one broker: its identity and Kafka version, and the lock that lets only one broker use it.

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
from darkroom.file_lock import try_lock
from darkroom.temporary_folder import LOCK, remove_abandoned
from darkroom_cli.local_kafka.jars import KAFKA_VERSION

_MARKER = "darkroom-kafka.json"
_UNFINISHED_MARKER = "darkroom-kafka.unfinished"
_TEMPORARY = "darkroom-kafka-"


@dataclass(frozen=True)
class Identity:
    """Whose data a folder holds."""

    kafka_version: str
    cluster_id: str
    node_id: int


class DataFolder:
    """A claimed data folder. It is free again after `release()` and the end of every process that inherited `lock`."""

    def __init__(self, path: Path, identity: Identity, lock: int) -> None:
        self.path = path
        self.identity = identity
        self.lock = lock

    @property
    def log(self) -> Path:
        """Kafka's own data. Exists only once formatting is complete."""
        return self.path / "log"

    @property
    def unfinished_log(self) -> Path:
        """Where storage is formatted, before it becomes `log` in one step."""
        return self.path / "log.unfinished"

    def release(self) -> None:
        """Release the folder. Safe to call twice."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1

    def remove(self) -> None:
        """Delete it with its contents, then release it. Safe to call twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.release()


def claim(path: Path, node_id: int = 1, cluster_id: str | None = None) -> DataFolder:
    """Create the folder if needed, lock it, and check that it holds this broker's data or nothing.

    Without `cluster_id` an existing folder keeps the one it has, and a new folder gets a random one.

    Raises:
        DarkroomError: No permission, in use, or not this broker's data.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        _identity(path)  # before a lock file is put into a folder that isn't ours
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
    """A new temporary folder, for the caller to remove. Those of processes that were killed are removed here."""
    try:
        remove_abandoned(_TEMPORARY)
        path = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
    except OSError as error:
        raise DarkroomError(
            f"no temporary folder: {error}: choose another folder with TMPDIR, or give a data folder"
        ) from error
    return claim(path)


def random_id() -> str:
    """An id as Kafka wants it: a UUID in 22 characters. No leading dash, which command lines take for an option."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


def _identity(path: Path) -> Identity | None:
    """What the folder's marker says; None for a folder that is new.

    Raises:
        DarkroomError: The folder holds something, but no marker that can be read.
    """
    marker = path / _MARKER
    if not marker.exists():
        if foreign := sorted({entry.name for entry in path.iterdir()} - {LOCK, _UNFINISHED_MARKER}):
            raise DarkroomError(
                f"data folder {path} holds {foreign[0]!r} but no {_MARKER}, so it isn't ours: "
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
    """The identity of a locked folder, written down if it is new."""
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
