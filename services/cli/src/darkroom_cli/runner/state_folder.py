"""The data folder of `darkroom up`, locked for one run.

lock        locked while a `darkroom up` uses the folder
cluster-id  the id of the Kafka whose results are in results.db
kafka/      the data of the broker that `darkroom up` starts
results.db  the results store of the ingestion service
models/     models and labels from ConfigMaps, by checksum
settings/   the settings of each stage's workers
logs/       the output of the processes
"""

import hashlib
import os
from pathlib import Path
from typing import Self

from pydantic import ValidationError

from darkroom.catalog import Catalog
from darkroom.errors import DarkroomError
from darkroom.files.file_lock import try_lock
from darkroom.stage_settings import StageSettings


class StateFolder:
    """A data folder, locked for this process inside `with`."""

    def __init__(self, path: Path) -> None:
        """Does nothing before `__enter__`."""
        self.path = path.absolute()
        self._lock: int | None = None

    def __enter__(self) -> Self:
        """Create the folder if it is missing, and lock it.

        Raises:
            DarkroomError: the folder can't be written, or is in use by another `darkroom up`.
        """
        try:
            for folder in (self.path, self.logs, self._models, self._settings):
                folder.mkdir(parents=True, exist_ok=True)
            self._lock = try_lock(self.path / "lock")
        except OSError as error:
            raise DarkroomError(
                f"data folder {self.path}: {error.strerror or error}: make it writable, or choose another (--data-dir)"
            ) from error
        if self._lock is None:
            raise DarkroomError(
                f"data folder {self.path} is in use by another `darkroom up`: stop it, or choose another (--data-dir)"
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def kafka(self) -> Path:
        """The broker's data folder."""
        return self.path / "kafka"

    @property
    def logs(self) -> Path:
        """The folder of the logs, one file per process."""
        return self.path / "logs"

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL of the results store."""
        return f"sqlite:///{self.path / 'results.db'}"

    @property
    def catalog(self) -> Path:
        """The file of the ingestion service's catalog."""
        return self._settings / "catalog.json"

    def settings(self, namespace: str, pipeline: str, stage: str) -> Path:
        """The settings file of a stage's workers."""
        return self._settings / f"{namespace}.{pipeline}.{stage}.json"

    def known_settings(self) -> list[StageSettings]:
        """The settings of all stages' workers in the last run, which may still be running. Needs no lock.

        Raises:
            DarkroomError: a file can't be read.
        """
        if not self.catalog.exists():
            return []
        try:
            # Only stages of the catalog: the settings of removed stages are still in the folder.
            pipelines = [entry.pipeline for entry in Catalog.model_validate_json(self.catalog.read_bytes()).entries]
            files = [self.settings(p.namespace, p.name, stage.name) for p in pipelines for stage in p.spec.stages]
            return [StageSettings.model_validate_json(file.read_bytes()) for file in files]
        except (OSError, ValidationError) as error:
            raise DarkroomError(
                f"data folder {self.path} can't be read: start `darkroom up` again to rewrite it"
            ) from error

    def store(self, name: str, content: bytes) -> Path:
        """Store a file in a folder named by its checksum, because two ConfigMaps may use the same name."""
        path = self._models / hashlib.sha256(content).hexdigest()[:16] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def has_results_of_another(self, cluster_id: str) -> bool:
        """Whether the results store was filled from another Kafka. A store that is of none becomes this one's."""
        if not self._cluster.exists():
            self._cluster.write_text(cluster_id, encoding="utf-8")
        return self._cluster.read_text(encoding="utf-8") != cluster_id

    def forget_results(self, cluster_id: str) -> None:
        """Delete the results store, which nothing uses. It is rebuilt from the topics of this Kafka."""
        for file in self.path.glob("results.db*"):
            file.unlink()
        self._cluster.write_text(cluster_id, encoding="utf-8")

    @property
    def _cluster(self) -> Path:
        return self.path / "cluster-id"

    @property
    def _models(self) -> Path:
        return self.path / "models"

    @property
    def _settings(self) -> Path:
        return self.path / "settings"
