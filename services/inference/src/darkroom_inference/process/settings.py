"""Reading a worker's settings file."""

from pathlib import Path

import structlog
from pydantic import ValidationError

from darkroom.errors import DarkroomError
from darkroom.stage_settings import StageSettings

log = structlog.get_logger(__name__)


class UnusableSettings(DarkroomError):
    """The settings file can't be read, or its content is no valid StageSettings."""


def read_settings(path: Path) -> StageSettings:
    """The stage's settings.

    Fields that this version does not know are ignored with a warning: during a rolling upgrade a pod of the old version
    may start with the settings of the new one.

    Raises:
        UnusableSettings: names the file and all its errors.
    """
    try:
        text = path.read_bytes()
        settings = StageSettings.model_validate_json(text, extra="ignore")
    except OSError as error:
        raise UnusableSettings(f"settings {path}: can't be read: {error.strerror}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()
        )
        raise UnusableSettings(f"settings {path}: {problems}") from error
    try:
        StageSettings.model_validate_json(text)
    except ValidationError as error:
        unknown = [".".join(str(part) for part in problem["loc"]) for problem in error.errors()]
        log.warning("ignoring settings that this version does not know", fields=unknown)
    return settings
