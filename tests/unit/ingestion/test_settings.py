"""Settings from the command line and the environment."""

from pathlib import Path

import pytest

from darkroom_ingestion.settings import BadSettings, read_settings


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
        ["--catalog", "c", "--workers", "0"],
        ["--catalog", "c", "--x"],
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(BadSettings):
        read_settings(arguments, {"DARKROOM_CATALOG": "c"} if arguments else {})
