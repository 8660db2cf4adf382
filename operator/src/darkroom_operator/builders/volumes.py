"""The volumes of a worker pod: its settings, Kafka credentials and files, and writable folders."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from darkroom import names
from darkroom.api.pipeline import ImagePipeline
from darkroom.topology import StagePlan
from darkroom_operator.builders.workload import (
    CACHE_FOLDER,
    CREDENTIALS_FOLDER,
    FILES_FOLDER,
    SETTINGS_FOLDER,
    MountedFile,
    Workload,
)


class Volume(NamedTuple):
    """A volume of a pod, and where it is mounted."""

    name: str
    mount_path: str
    source: dict[str, Any]

    @property
    def is_writable(self) -> bool:
        """Whether the worker may write to it."""
        return "emptyDir" in self.source


def worker_volumes(pipeline: ImagePipeline, stage: StagePlan, workload: Workload) -> Iterator[Volume]:
    """The volumes of the workers of `stage`."""
    settings = {"configMap": {"name": names.child(pipeline.name, stage.name)}}
    yield Volume("settings", str(SETTINGS_FOLDER), settings)
    if workload.kafka.secrets:
        yield Volume("kafka", str(CREDENTIALS_FOLDER), {"projected": {"sources": _secrets(workload)}})
    for role, file in workload.files.by_role.items():
        if isinstance(file, MountedFile):
            yield Volume(role, str(FILES_FOLDER / role), dict(file.volume))
    # The root file system is read-only.
    yield Volume("tmp", "/tmp", {"emptyDir": {}})  # noqa: S108 - an emptyDir of the pod
    yield Volume("cache", str(CACHE_FOLDER), {"emptyDir": {}})


def _secrets(workload: Workload) -> list[dict[str, Any]]:
    return [
        {
            "secret": {
                "name": secret.secret,
                "items": [{"key": key, "path": path} for key, path in secret.files.items()],
            }
        }
        for secret in workload.kafka.secrets
    ]
