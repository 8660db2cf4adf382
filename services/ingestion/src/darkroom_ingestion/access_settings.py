"""The options of access control: who may use the service."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from darkroom.errors import DarkroomError
from darkroom.loopback import is_loopback
from darkroom_ingestion.sign_in_settings import SignInSettings, add_sign_in_options

AccessMode = Literal["none", "token-file", "kubernetes"]
_MODES: Final = get_args(AccessMode)


class BadAccess(DarkroomError):
    """The options of access control contradict each other, or would let everybody in."""


@dataclass(frozen=True)
class AccessSettings:
    """Who may use the service.

    Attributes:
        mode: how callers are recognised.
        token_file: the file with callers, their tokens and their rights; with `kubernetes`, additional ones.
        token_audience: with `kubernetes`, the audience that tokens must be for.
        insecure: whether a service without access control may be reached from other machines.
        sign_in: how people sign in.
    """

    mode: AccessMode = "none"
    token_file: Path | None = None
    token_audience: str = "darkroom"  # noqa: S105 - not a password
    insecure: bool = False
    sign_in: SignInSettings = field(default_factory=SignInSettings)

    @classmethod
    def of(cls, parsed: dict[str, Any]) -> Self:
        """Takes the options of access control out of those of the command line.

        Raises:
            BadAccess: they contradict each other, or would let everybody in from other machines.
        """
        sign_in = SignInSettings.of(parsed)
        options = {one.name: parsed.pop(one.name) for one in fields(cls) if one.name not in {"mode", "sign_in"}}
        access, token_file = parsed.pop("access"), options["token_file"]
        mode: AccessMode = access or ("none" if token_file is None else "token-file")
        if mode not in _MODES:
            raise BadAccess(f"--access {mode}: choose from {', '.join(_MODES)}")
        if mode == "token-file" and token_file is None:
            raise BadAccess("--access token-file: set --token-file to the file with the tokens")
        if mode == "none" and token_file is not None:
            raise BadAccess("--access none: remove --token-file, which would have no effect")
        if mode == "none" and (sign_in.oidc or sign_in.trusted_proxies):
            raise BadAccess(
                "--oidc-issuer and --trusted-proxy name callers, but not their rights: set --token-file to a file with "
                "the rights of users and groups, or --access kubernetes for those of the cluster's Roles"
            )
        host = parsed["host"]
        if mode == "none" and not options["insecure"] and not is_loopback(host):
            raise BadAccess(
                f"--host {host} would let everybody who can reach it send and read images: set --token-file to a file "
                "with tokens, or --access kubernetes to check tokens of the cluster, or --insecure to allow it"
            )
        return cls(mode=mode, sign_in=sign_in, **options)


def add_access_options(option: Callable[..., None]) -> None:
    """Add the options to a command line. `option` takes a flag, a help text and the arguments of `add_argument`."""
    option(
        "--access",
        f"how callers are recognised: {', '.join(_MODES)}; kubernetes for bearer tokens of the cluster with the "
        "rights of its Roles (default: token-file with --token-file; else none, on loopback only)",
        metavar="MODE",
    )
    option("--token-file", "YAML or JSON file with callers, their tokens and their rights", type=Path, metavar="FILE")
    option(
        "--token-audience",
        "with --access kubernetes: the audience that tokens must be for (default: %(default)s)",
        default=AccessSettings.token_audience,
        metavar="NAME",
    )
    option(
        "--insecure",
        "let everybody who can reach --host use the service without access control",
        type=_switch,
        nargs="?",
        const=True,
        default=False,
        metavar="true|false",
    )
    add_sign_in_options(option)


def _switch(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"{text} is neither true nor false")
    return text.lower() == "true"
