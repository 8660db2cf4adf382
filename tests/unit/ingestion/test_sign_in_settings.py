"""The options of signing in."""

from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroom_ingestion.settings import BadSettings, read_settings
from darkroom_ingestion.sign_in_settings import BadSignIn, OidcSettings, SignInSettings

ISSUER = "https://issuer.example"


def read(*options: str) -> SignInSettings:
    return read_settings(["--catalog", "c", "--token-file", "t", *options], {}).access.sign_in


def test_without_options_there_is_a_random_key() -> None:
    first, second = read(), read()
    assert len(first.session_keys[0]) >= 32
    assert first.session_keys != second.session_keys
    assert first.oidc is None
    assert first.trusted_proxies == ()
    assert first.session_keys[0] not in repr(first)


def test_keys_of_a_file_are_one_a_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{'n' * 32}\n{'o' * 32}\n")
    assert read("--session-key-file", str(tmp_path / "keys")).session_keys == ("n" * 32, "o" * 32)


@pytest.mark.parametrize("content", ["", "short\n", f"{'o' * 32}\nshort"])
def test_a_file_without_good_keys_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").write_text(content)
    with pytest.raises(BadSignIn, match="openssl rand -base64 32"):
        read("--session-key-file", str(tmp_path / "keys"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSignIn, match=r"--session-key-file .*/none can't be read: No such file"):
        read("--session-key-file", str(tmp_path / "none"))


def test_a_provider(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden\n")
    options = ["--oidc-issuer", ISSUER, "--oidc-client-id", "console"]
    assert read(*options).oidc == OidcSettings(ISSUER, "console", "console")
    oidc = read(
        *options,
        *("--oidc-audience", "api", "--oidc-client-secret-file", str(tmp_path / "secret")),
        *("--oidc-username-claim", "email", "--oidc-username-prefix", "-", "--oidc-groups-prefix", "idp/"),
    ).oidc
    assert oidc == OidcSettings(ISSUER, "api", "console", "hidden", "email", "groups", "", "idp/")
    assert "hidden" not in repr(oidc)


def test_a_provider_needs_an_audience() -> None:
    with pytest.raises(BadSignIn, match=r"set --oidc-client-id .* or --oidc-audience"):
        read("--oidc-issuer", ISSUER)
    with pytest.raises(BadSignIn, match="need --oidc-issuer"):
        read("--oidc-client-id", "console")


def test_a_trusted_proxy() -> None:
    settings = read("--trusted-proxy", "10.0.0.5, 10.1.0.0/16,fd00::/8", "--proxy-user-header", "X-User")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.5/32", "10.1.0.0/16", "fd00::/8"]
    assert settings.proxy_user_header == "X-User"
    with pytest.raises(BadSettings, match="has host bits set"):
        read("--trusted-proxy", "10.0.0.1/8")


@pytest.mark.parametrize(
    "option", [("--oidc-issuer", ISSUER, "--oidc-client-id", "c"), ("--trusted-proxy", "10.0.0.1")]
)
def test_callers_without_rights_are_refused(option: tuple[str, ...]) -> None:
    with pytest.raises(DarkroomError, match="set --token-file"):
        read_settings(["--catalog", "c", *option], {})


@pytest.mark.parametrize("seconds", ["59", "2592001", "x"])
def test_the_length_of_sessions_has_limits(seconds: str) -> None:
    with pytest.raises(BadSettings, match="session-seconds"):
        read("--session-seconds", seconds)
