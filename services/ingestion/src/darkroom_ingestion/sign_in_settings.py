"""The options of signing in: the sessions of browsers, an OpenID Connect provider, a trusted proxy."""

import argparse
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from darkroom.errors import DarkroomError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

KUBERNETES_PREFIX: Final = "system:"
"""The prefix of Kubernetes' own users and groups, such as system:masters. No provider or proxy may name them."""

_LEAST_KEY_LENGTH: Final = 32
_LONGEST_SESSION_S: Final = 30 * 86_400
_NO_PREFIX: Final = "-"


class BadSignIn(DarkroomError):
    """The options of signing in are incomplete, or a file that they name can't be used."""


@dataclass(frozen=True)
class OidcSettings:
    """An OpenID Connect provider, and how its users are named here.

    Attributes:
        issuer: its URL, exactly as in the claim `iss`.
        audience: what the claim `aud` of ID tokens must contain.
        client_id: this service's client at the provider, for the login in a browser. None: no such login.
        client_secret: that client's secret. None for a public client.
        username_claim: the claim with the user's name.
        groups_claim: the claim with the groups.
        username_prefix: precedes names of users, so that they are not those of other users of a cluster.
        groups_prefix: precedes names of groups.
    """

    issuer: str
    audience: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    username_claim: str = "sub"
    groups_claim: str = "groups"
    username_prefix: str = "oidc:"
    groups_prefix: str = "oidc:"


@dataclass(frozen=True)
class SignInSettings:
    """How people sign in.

    Attributes:
        oidc: the provider; None without one.
        trusted_proxies: the addresses of proxies that name their users in headers.
        proxy_user_header: the header with the user.
        proxy_groups_header: the header with the groups, separated by commas.
        session_keys: encrypt session cookies. The first encrypts, all decrypt. If empty, there are no sessions.
        session_s: how long a session lasts.
    """

    oidc: OidcSettings | None = None
    trusted_proxies: tuple[Network, ...] = ()
    proxy_user_header: str = "X-Forwarded-User"
    proxy_groups_header: str = "X-Forwarded-Groups"
    session_keys: tuple[str, ...] = field(default=(), repr=False)
    session_s: int = 8 * 3_600

    @classmethod
    def of(cls, parsed: dict[str, Any]) -> Self:
        """Takes these options out of those of the command line.

        Raises:
            BadSignIn: they are incomplete, or a file can't be used.
        """
        key_file: Path | None = parsed.pop("session_key_file")
        return cls(
            oidc=_oidc(parsed),
            trusted_proxies=parsed.pop("trusted_proxy"),
            proxy_user_header=parsed.pop("proxy_user_header"),
            proxy_groups_header=parsed.pop("proxy_groups_header"),
            # Settings are passed to all HTTP processes, so that they have the same random key.
            session_keys=(secrets.token_urlsafe(_LEAST_KEY_LENGTH),) if key_file is None else _keys(key_file),
            session_s=parsed.pop("session_seconds"),
        )


def add_sign_in_options(option: Callable[..., None]) -> None:
    """Add the options to a command line. `option` takes a flag, a help text and the arguments of `add_argument`."""
    option("--oidc-issuer", "URL of the OpenID Connect provider whose users may use the service", metavar="URL")
    option("--oidc-audience", "what the audience of ID tokens must contain (default: --oidc-client-id)", metavar="NAME")
    option("--oidc-client-id", "client of the web console at the provider, to sign in with a browser", metavar="ID")
    option(
        "--oidc-client-secret-file",
        "file with the secret of that client (default: a public client)",
        type=Path,
        metavar="FILE",
    )
    for flag, default, text in (
        ("--oidc-username-claim", "sub", "claim with the user's name"),
        ("--oidc-groups-claim", "groups", "claim with the user's groups"),
        ("--oidc-username-prefix", "oidc:", "what to put before names of users; - for nothing"),
        ("--oidc-groups-prefix", "oidc:", "what to put before names of groups; - for nothing"),
    ):
        option(flag, f"{text} (default: %(default)s)", default=default, metavar="TEXT")
    option(
        "--trusted-proxy",
        "addresses of proxies that sign people in and name them in headers, comma-separated, such as "
        "10.0.0.5,10.1.0.0/16 (default: none)",
        type=_networks,
        default=(),
        metavar="CIDRS",
    )
    for flag, attribute, text in (
        ("--proxy-user-header", "proxy_user_header", "header of a trusted proxy with the user"),
        ("--proxy-groups-header", "proxy_groups_header", "header of a trusted proxy with the groups, comma-separated"),
    ):
        option(flag, f"{text} (default: %(default)s)", default=getattr(SignInSettings, attribute), metavar="NAME")
    option(
        "--session-key-file",
        "file with keys that encrypt session cookies, one a line: the first encrypts, all decrypt (default: a random "
        "key, so that sessions end with the service and replicas do not share them)",
        type=Path,
        metavar="FILE",
    )
    option(
        "--session-seconds",
        "how long people stay signed in (default: %(default)s)",
        type=_session_seconds,
        default=SignInSettings.session_s,
        metavar="NUMBER",
    )


def _oidc(parsed: dict[str, Any]) -> OidcSettings | None:
    names = ("issuer", "audience", "client_id", "client_secret_file")
    issuer, audience, client_id, secret_file = (parsed.pop(f"oidc_{name}") for name in names)
    names = ("username_claim", "groups_claim", "username_prefix", "groups_prefix")
    naming = {name: parsed.pop(f"oidc_{name}") for name in names}
    if issuer is None:
        if audience or client_id or secret_file:
            raise BadSignIn("--oidc-audience, --oidc-client-id and --oidc-client-secret-file need --oidc-issuer")
        return None
    if not (audience or client_id):
        raise BadSignIn(
            "--oidc-issuer: set --oidc-client-id to sign in with a browser, or --oidc-audience for ID tokens"
        )
    for name in ("username_prefix", "groups_prefix"):
        naming[name] = "" if naming[name] == _NO_PREFIX else naming[name]
    secret = None if secret_file is None else _read(secret_file, "--oidc-client-secret-file").strip()
    return OidcSettings(issuer, audience or client_id, client_id, secret, **naming)


def _keys(file: Path) -> tuple[str, ...]:
    keys = tuple(_read(file, "--session-key-file").split())
    if not keys or any(len(key) < _LEAST_KEY_LENGTH for key in keys):
        raise BadSignIn(
            f"--session-key-file {file}: one key a line, of at least {_LEAST_KEY_LENGTH} characters, such as the "
            "output of `openssl rand -base64 32`"
        )
    return keys


def _read(file: Path, flag: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadSignIn(f"{flag} {file} can't be read: {reason}") from None


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _session_seconds(text: str) -> int:
    seconds = int(text)
    if not 60 <= seconds <= _LONGEST_SESSION_S:  # noqa: PLR2004 - a minute, as the message says
        raise argparse.ArgumentTypeError(f"{text} is not between 60 and {_LONGEST_SESSION_S} seconds")
    return seconds
