"""The services of a run: their command lines and configuration files."""

from collections.abc import Sequence
from pathlib import Path

from darkroom.schema import StrictModel
from darkroom_cli.processes import modules
from darkroom_cli.processes.fork_server.client import ForkServer
from darkroom_cli.processes.ports import reached_at
from darkroom_cli.runner.options import Exposure
from darkroom_cli.runner.plan import LocalRun, StageRun
from darkroom_cli.runner.state_folder import StateFolder
from darkroom_cli.runner.supervised import Service

_INGESTION_GRACE_S = 10.0
_LONGEST_WORKER_GRACE_S = 20.0
"""Less than the grace period of a pod, because a user is waiting."""

StageFiles = Sequence[tuple[StageRun, Path]]


def write_documents(run: LocalRun, folder: StateFolder) -> list[tuple[StageRun, Path]]:
    """Write the catalog and the settings of every stage. Returns the stages with their settings files."""
    _write(folder.catalog, run.catalog)
    files = []
    for stage in run.stages:
        settings = stage.settings
        file = folder.settings(settings.namespace, settings.pipeline, settings.stage.name)
        _write(file, settings)
        files.append((stage, file))
    return files


def worker_service(
    stage: StageRun, file: Path, number: int, port: int, folder: StateFolder, fork_server: ForkServer | None
) -> Service:
    """The worker of a stage with this number, counted from 0. `file` has the stage's settings."""
    settings = stage.settings
    several = stage.scaling is not None or stage.workers > 1
    return Service(
        name=f"worker {stage.title}" + (f" ({number + 1})" if several else ""),
        module=modules.WORKER,
        arguments=("run", "--settings", str(file), "--port", str(port), "--process", str(number)),
        port=port,
        log=folder.logs / f"{file.stem}-{number + 1}.log",
        grace_s=min(_LONGEST_WORKER_GRACE_S, float(settings.stage.template.termination_grace_period_seconds)),
        environment=stage.environment,
        pipeline=f"{settings.namespace}/{settings.pipeline}",
        # The stage's variables may be for libraries, which read them on import.
        fork_server=None if stage.environment else fork_server,
    )


def ingestion_service(
    folder: StateFolder, port: int, workers: int, exposure: Exposure, fork_server: ForkServer | None
) -> Service:
    """The ingestion service, for all pipelines of the catalog. `workers` processes handle requests."""
    arguments = ("--catalog", str(folder.catalog), "--database", folder.database_url, *exposure.options)
    return Service(
        name="ingestion service",
        module=modules.INGESTION,
        arguments=(*arguments, "--port", str(port), "--workers", str(workers)),
        port=port,
        log=folder.logs / "ingestion.log",
        grace_s=_INGESTION_GRACE_S,
        # Commands that send a token read it from the file that this variable names, which is no list of callers.
        environment={"DARKROOM_TOKEN_FILE": ""},
        host=reached_at(exposure.host),
        fork_server=fork_server,
    )


def _write(file: Path, document: StrictModel) -> None:
    file.write_text(document.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n", encoding="utf-8")
