"""A worker's process, before and while its worker runs."""

import pytest

from darkroom_inference.process.process import CurrentReporter, drain_seconds
from tests.support.services.image_records import example_settings


@pytest.mark.parametrize(("grace_period_s", "drain_s"), [(30, 25), (6, 1), (5, 1), (0, 1)])
def test_work_in_hand_may_take_the_grace_period_less_what_closing_takes(grace_period_s: int, drain_s: float) -> None:
    settings = example_settings()
    template = settings.stage.template.model_copy(update={"termination_grace_period_seconds": grace_period_s})
    stage = settings.stage.model_copy(update={"template": template})
    assert drain_seconds(settings.model_copy(update={"stage": stage})) == drain_s


def test_a_process_that_loads_its_model_is_alive_and_not_ready() -> None:
    reporter = CurrentReporter()
    assert (reporter.health().ok, reporter.readiness().ok, reporter.metrics()) == (True, False, b"")
