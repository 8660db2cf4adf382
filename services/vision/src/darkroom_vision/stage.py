"""Loading what a stage runs: its model fetched, checked, loaded and matched with the stage's settings."""

from darkroom.errors import DarkroomError
from darkroom.stage_settings import StageSettings
from darkroom_vision.analyse import LoadedStage, prepare
from darkroom_vision.model.files import labels, model_file
from darkroom_vision.model.session import ModelError, load_model


class UnusableModel(DarkroomError):
    """The stage can't run with the model that it names."""


def load_stage(settings: StageSettings) -> LoadedStage:
    """Fetch and load the stage's model, and try it.

    Raises:
        UnusableModel: in one line, naming the stage.
    """
    stage = settings.stage
    try:
        path = model_file(settings)
        model = load_model(path, uri=stage.model.uri, sha256=stage.model.sha256)
        return prepare(model, stage, labels(settings), max_result_bytes=settings.max_result_bytes)
    except ModelError as error:
        raise UnusableModel(f'stage "{stage.name}": {" ".join(str(error).split())}') from error
