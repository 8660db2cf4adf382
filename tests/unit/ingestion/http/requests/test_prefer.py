"""What requests say: preferences and settings."""

from pathlib import Path

import pytest

from darkroom_ingestion.http.prefer import wait_s
from darkroom_ingestion.settings import BadSettings, read_settings


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=10"], 10),
        (["respond-async, wait=5"], 5),
        (["respond-async", 'Wait = "7"'], 7),
        (["wait=10; strict"], 10),
        (["wait=100000"], 60),
        (["wait=0"], 0),
        (["wait"], None),
        (["wait=1.5"], None),
        (["wait=-1", "x=wait=3"], None),
        ([], None),
    ],
)
def test_the_wait_preference_is_read_as_rfc_7240_writes_it(headers: list[str], seconds: int | None) -> None:
    assert wait_s(headers) == seconds


def test_every_option_is_also_an_environment_variable_and_the_command_line_wins() -> None:
    environment = {"DARKROOM_CATALOG": "/c.json", "DARKROOM_PORT": "9000", "DARKROOM_BODY_MEMORY": "1Gi"}
    found = read_settings(["--port", "9001", "--delivery-timeout", "3"], environment)

    assert found.catalog == Path("/c.json")
    assert (found.port, found.body_memory_bytes, found.delivery_timeout_s) == (9001, 2**30, 3.0)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--catalog", "c", "--port", "65536"],
        ["--catalog", "c", "--delivery-timeout", "0"],
        ["--catalog", "c", "--x"],
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(BadSettings):
        read_settings(arguments, {"DARKROOM_CATALOG": "c"} if arguments else {})
