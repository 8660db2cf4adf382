"""Loading a stage: fetch, check and load its model, match it with the stage's settings, and run its self-tests."""

from dataclasses import replace

from darkroom.errors import DarkroomError
from darkroom.stage_settings import StageSettings
from darkroom_vision.analyse import LoadedStage, prepare
from darkroom_vision.model.provider_trial import with_faster_provider
from darkroom_vision.model.session import ModelError, load_model
from darkroom_vision.self_test.run import run_self_tests
from darkroom_vision.sources.files import labels, model_file
from darkroom_vision.trial_feeds import noise_feeds


class UnusableModel(DarkroomError):
    """The stage's model cannot be fetched, loaded or run with the stage's settings, or fails a self-test."""


def load_stage(settings: StageSettings, *, threads: int = 1) -> LoadedStage:
    """Fetch and load the stage's model, choose its execution provider, and analyse the images of its self-tests.

    Args:
        settings: the stage.
        threads: how many threads will run the model at the same time.

    Raises:
        UnusableModel: the model cannot be used; a message of one line that names the stage.
    """
    stage = settings.stage
    try:
        file = model_file(settings)
        model = load_model(
            file.path,
            uri=stage.model.uri,
            sha256=stage.model.sha256,
            external_data=file.external_data,
            execution=stage.execution,
            threads=threads,
        )
        loaded = prepare(model, stage, labels(settings), max_result_bytes=settings.max_result_bytes)
        if model.execution.contender is not None:
            feeds = noise_feeds(loaded.preprocessor, seed=0)
            loaded = replace(loaded, model=with_faster_provider(model, stage.execution, feeds, threads))
        return replace(loaded, self_test_seconds=run_self_tests(settings, loaded))
    except ModelError as error:
        raise UnusableModel(f'stage "{stage.name}": {" ".join(str(error).split())}') from error
