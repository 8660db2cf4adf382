"""The stage that a replay runs, and its settings."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from darkroom.kafka.connection import KafkaConnection
from darkroom.stage_settings import StageSettings
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import load_bundle
from darkroom_cli.manifests.references import missing_references
from darkroom_cli.runner.plan import plan
from darkroom_cli.runner.state_folder import StateFolder

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """One stage: the settings and environment of its workers."""

    settings: StageSettings
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def pipeline(self) -> str:
        """Namespace and name."""
        return f"{self.settings.namespace}/{self.settings.pipeline}"

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self.settings.stage.name


def targets_of_folder(data_dir: Path, bootstrap_servers: str | None) -> list[Target]:
    """The stages of the last `darkroom up` on `data_dir`, with their models.

    Raises:
        InvalidInput: `data_dir` is not the data folder of a `darkroom up`.
    """
    found = StateFolder(data_dir).known_settings()
    if not found:
        raise InvalidInput(
            f"{data_dir} is not the data folder of a `darkroom up`: give that with --data-dir, "
            "or give PIPELINE.yaml and --bootstrap-servers"
        )
    if bootstrap_servers is None:
        return [Target(settings) for settings in found]
    connection = KafkaConnection(bootstrap_servers=bootstrap_servers)
    return [Target(settings.model_copy(update={"kafka": connection})) for settings in found]


def targets_of_manifests(
    manifests: Sequence[Path], bootstrap_servers: str | None, data_dir: Path, files: Path
) -> list[Target]:
    """The stages of `manifests`, on the Kafka of a `darkroom up` on `data_dir` unless another is given.

    Args:
        manifests: files with the pipelines, and the ConfigMaps and Secrets they refer to.
        bootstrap_servers: the pipelines' Kafka; None for that of `darkroom up`.
        data_dir: the data folder of `darkroom up`.
        files: folder for models from ConfigMaps.

    Raises:
        InvalidInput: the manifests are invalid, or no Kafka is known.
    """
    bundle = load_bundle(manifests)
    problems = bundle.problems + missing_references(bundle, in_cluster=False)
    if problems:
        raise InvalidInput("\n".join(str(problem) for problem in problems))
    if not bundle.pipelines:
        raise InvalidInput(f"no ImagePipeline in {', '.join(map(str, manifests))}")
    if bootstrap_servers is None:
        known = StateFolder(data_dir).known_settings()
        if not known:
            raise InvalidInput(
                f"no Kafka given, and {data_dir} is not the data folder of a `darkroom up`: give that with --data-dir, "
                "or the Kafka with --bootstrap-servers"
            )
        bootstrap_servers = known[0].kafka.bootstrap_servers

    def store(name: str, content: bytes) -> Path:
        path = files / hashlib.sha256(content).hexdigest()[:16] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    connection = KafkaConnection(bootstrap_servers=bootstrap_servers)
    stages = plan(bundle, connection, workers=1, cpus=os.cpu_count() or 1, store=store).stages
    return [Target(target.settings, target.environment) for target in stages]


def choose(targets: Sequence[Target], pipeline: str | None, stage: str | None) -> Target:
    """The target with `pipeline` and `stage`; each may be None if there is only one.

    Raises:
        InvalidInput: no target matches, or more than one.
    """
    of_pipeline = _the_one("pipeline", pipeline, {target.pipeline: target for target in targets}).pipeline
    of_stage = {target.stage: target for target in targets if target.pipeline == of_pipeline}
    return _the_one(f"stage of {of_pipeline}", stage, of_stage)


def _the_one(what: str, wanted: str | None, there: Mapping[str, T]) -> T:
    names = ", ".join(there)
    if wanted is None and len(there) > 1:
        raise InvalidInput(f"there is more than one {what}: choose one with --{what.partition(' ')[0]}: {names}")
    if wanted is not None and wanted not in there:
        raise InvalidInput(f"there is no {what} called {wanted!r}; choose from {names}")
    return next(iter(there.values())) if wanted is None else there[wanted]
