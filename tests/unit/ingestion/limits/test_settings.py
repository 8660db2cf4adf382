"""The options of the limits for callers."""

import pytest

from darkroom_ingestion.limits.settings import LimitSettings
from darkroom_ingestion.settings import BadSettings, read_settings

CATALOG = ["--catalog", "c"]


def limits(*options: str, **environment: str) -> LimitSettings:
    return read_settings([*CATALOG, *options], environment).limits


def test_without_options_only_what_a_caller_holds_for_a_while_is_limited() -> None:
    assert limits() == LimitSettings(requests=0, bytes=0, streams=512, waiting=512, exports=8)


def test_options_and_their_environment_variables() -> None:
    found = limits("--requests-per-caller", "0.5", "--bytes-per-caller", "50M", DARKROOM_EXPORTS_PER_CALLER="0")
    assert found == LimitSettings(requests=0.5, bytes=50_000_000, exports=0)


def test_the_former_name_of_the_limit_of_streams_is_accepted_and_the_new_one_wins() -> None:
    assert limits("--live-clients-per-address", "2").streams == 2
    assert limits(DARKROOM_LIVE_CLIENTS_PER_ADDRESS="3").streams == 3
    assert limits("--streams-per-caller", "4", DARKROOM_LIVE_CLIENTS_PER_ADDRESS="3").streams == 4


@pytest.mark.parametrize("value", ["-1", "x", "1.5", ""])
def test_a_number_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(BadSettings, match="--streams-per-caller"):
        limits("--streams-per-caller", value)


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "x"])
def test_a_rate_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(BadSettings, match="--requests-per-caller"):
        limits("--requests-per-caller", value)


def test_processes_divide_the_limits_and_0_stays_no_limit() -> None:
    whole = LimitSettings(requests=5, bytes=0, streams=512, waiting=1, exports=8)
    assert whole.divided(3) == LimitSettings(requests=5 / 3, bytes=0, streams=171, waiting=1, exports=3)
