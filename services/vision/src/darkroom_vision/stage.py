"""A stage ready to run: its settings read, its model fetched, checked and loaded."""

from pathlib import Path

import structlog
from pydantic import ValidationError

from darkroom.errors import DarkroomError
from darkroom.stage_settings import StageSettings
from darkroom_vision.analyse import Plan, prepare
from darkroom_vision.model.files import labels, model_file
from darkroom_vision.model.session import ModelError, load_model

log = structlog.get_logger(__name__)


class UnusableSettings(DarkroomError):
    """The settings file can't be read, or is no StageSettings."""


class UnusableModel(DarkroomError):
    """The stage can't run with the model that it names."""


def read_settings(path: Path) -> StageSettings:
    """The stage's settings.

    What this version does not know is left out and told: while an upgrade rolls, a pod of the old version may start
    with the settings of the new one.

    Raises:
        UnusableSettings: naming the file and each thing that is wrong with it.
    """
    try:
        text = path.read_bytes()
        settings = StageSettings.model_validate_json(text, extra="ignore")
    except OSError as error:
        raise UnusableSettings(f"settings {path}: can't be read: {error.strerror}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors())
        raise UnusableSettings(f"settings {path}: {problems}") from error
    try:
        StageSettings.model_validate_json(text)
    except ValidationError as error:
        unknown = [".".join(str(part) for part in each["loc"]) for each in error.errors()]
        log.warning("settings that this version does not know are left out", fields=unknown)
    return settings


def load_plan(settings: StageSettings) -> Plan:
    """Fetch and load the stage's model, and try it.

    Raises:
        UnusableModel: in one line, naming the stage.
    """
    stage = settings.stage
    try:
        path = model_file(settings)
        model = load_model(path, uri=stage.model.uri, sha256=stage.model.sha256)
        return prepare(model, stage, labels(settings))
    except ModelError as error:
        raise UnusableModel(f'stage "{stage.name}": {" ".join(str(error).split())}') from error
