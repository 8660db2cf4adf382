"""What `darkroom up` says of stages whose mode is another one than in the last run with the same data folder."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from darkroom.stage_settings import StageSettings
from darkroom_cli.runner.plan import StageRun
from darkroom_cli.runner.state_folder import StateFolder


def changed_modes(stages: Sequence[StageRun], folder: StateFolder) -> Iterator[str]:
    """A sentence for each such stage. Call it before the settings of the last run are overwritten."""
    for stage in stages:
        settings = stage.settings
        file = folder.settings(settings.namespace, settings.pipeline, settings.stage.name)
        try:
            before = StageSettings.model_validate_json(file.read_bytes(), extra="ignore").stage.mode
        except (OSError, ValidationError):
            continue  # there was no run, or one of another version
        if before != settings.stage.mode:
            yield (
                f"{stage.title}: mode {settings.stage.mode} instead of {before}: images are analysed again from where "
                f"the workers of mode {settings.stage.mode} stopped or, if there were none, from the oldest image. No "
                "image is left out"
            )
