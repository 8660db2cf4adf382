"""Where tokens come from, and where they may be sent."""

from pathlib import Path

import httpx
import pytest

from darkroom_cli.client.service import Service
from darkroom_cli.client.tokens import GivenToken, TokenFile, check_address
from darkroom_cli.exit_codes import InvalidInput


def test_a_file_is_read_for_every_request(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    source = TokenFile(file)
    assert source.token() == "first"
    file.write_text("second")
    assert source.token() == "second"


@pytest.mark.parametrize("text", ["two words", "sneaky\r\nX-Header: 1", "käse", '"quoted"'])
def test_what_is_not_a_token_is_refused_without_showing_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(text, encoding="utf-8", newline="")
    for source in (GivenToken(text, "the variable X"), TokenFile(tmp_path / "token")):
        with pytest.raises(InvalidInput, match="is not a token") as refused:
            source.token()
        assert text not in str(refused.value)


def test_an_empty_or_missing_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(InvalidInput, match="empty is empty: it should hold a token"):
        TokenFile(tmp_path / "empty").token()
    with pytest.raises(InvalidInput, match="none can't be read: No such file"):
        TokenFile(tmp_path / "none").token()


def test_a_given_token_is_not_shown_by_its_object() -> None:
    assert "secret" not in repr(GivenToken("secret", "the variable X"))


@pytest.mark.parametrize(
    "url",
    ["https://images.example", "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost", "http://127.8.9.1"],
)
def test_a_token_goes_to_https_and_to_this_machine(url: str) -> None:
    check_address(httpx.URL(url), insecure=False)


@pytest.mark.parametrize("url", ["http://images.example", "http://10.0.0.7:8080", "http://localhost.example.com"])
def test_a_token_goes_unencrypted_to_another_machine_only_if_that_is_said(url: str) -> None:
    with pytest.raises(InvalidInput, match="the token would be sent unencrypted: use https://, or --insecure-http"):
        Service(url, tokens=GivenToken("t", "the variable X"))
    Service(url)
    Service(url, tokens=GivenToken("t", "the variable X"), insecure=True)
