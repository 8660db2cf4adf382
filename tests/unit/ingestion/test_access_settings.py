"""Who may use a service with these options."""

from pathlib import Path

import pytest

from darkroom_ingestion.access_settings import AccessSettings, BadAccess
from darkroom_ingestion.settings import read_settings


def access(*options: str, **environment: str) -> AccessSettings:
    return read_settings(["--catalog", "c", *options], environment).access


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_on_loopback_everybody_may_use_the_service(host: str) -> None:
    assert access("--host", host).mode == "none"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "example.com", ""])
def test_on_any_other_address_the_service_needs_access_control_or_a_word(host: str) -> None:
    with pytest.raises(BadAccess, match=r"--token-file.* --insecure"):
        access("--host", host)
    with pytest.raises(BadAccess):
        access("--host", host, "--access", "none")
    assert access("--host", host, "--insecure").mode == "none"
    assert access("--host", host, DARKROOM_INSECURE="true").mode == "none"
    assert access("--host", host, "--token-file", "f").mode == "token-file"


def test_options_of_the_environment_are_checked() -> None:
    assert access(DARKROOM_TOKEN_FILE="").mode == "none"
    assert access(DARKROOM_TOKEN_FILE="/f").token_file == Path("/f")
    with pytest.raises(BadAccess, match="choose from"):
        access(DARKROOM_ACCESS="nobody")
    with pytest.raises(BadAccess):
        access("--host", "0.0.0.0", DARKROOM_INSECURE="false")


@pytest.mark.parametrize("options", [("--access", "token-file"), ("--access", "none", "--token-file", "f")])
def test_options_that_contradict_each_other_are_refused(options: tuple[str, ...]) -> None:
    with pytest.raises(BadAccess):
        access(*options)
