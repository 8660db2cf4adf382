"""The options of access control: who may use the service."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from darkroom.errors import DarkroomError
from darkroom_ingestion.listening import is_loopback

AccessMode = Literal["none", "token-file"]
_MODES: Final = get_args(AccessMode)


class BadAccess(DarkroomError):
    """The options of access control contradict each other, or would let everybody in."""


@dataclass(frozen=True)
class AccessSettings:
    """Who may use the service.

    Attributes:
        mode: how callers are recognised.
        token_file: the file with callers, their tokens and their rights.
        insecure: whether a service without access control may be reached from other machines.
    """

    mode: AccessMode = "none"
    token_file: Path | None = None
    insecure: bool = False

    @classmethod
    def of(cls, parsed: dict[str, Any]) -> Self:
        """Takes the options of access control out of those of the command line.

        Raises:
            BadAccess: they contradict each other, or would let everybody in from other machines.
        """
        options = {field.name: parsed.pop(field.name) for field in fields(cls) if field.name != "mode"}
        access, token_file = parsed.pop("access"), options["token_file"]
        mode: AccessMode = access or ("none" if token_file is None else "token-file")
        if mode not in _MODES:
            raise BadAccess(f"--access {mode}: choose from {', '.join(_MODES)}")
        if mode == "token-file" and token_file is None:
            raise BadAccess("--access token-file: set --token-file to the file with the tokens")
        if mode == "none" and token_file is not None:
            raise BadAccess("--access none: remove --token-file, which would have no effect")
        host = parsed["host"]
        if mode == "none" and not options["insecure"] and not is_loopback(host):
            raise BadAccess(
                f"--host {host} would let everybody who can reach it send and read images: set --token-file to a file "
                "with tokens, or --insecure to allow it"
            )
        return cls(mode=mode, **options)


def add_access_options(option: Callable[..., None]) -> None:
    """Add the options to a command line. `option` takes a flag, a help text and the arguments of `add_argument`."""
    option(
        "--access",
        f"how callers are recognised: {' or '.join(_MODES)} (default: token-file with --token-file; else none, on "
        "loopback only)",
        metavar="MODE",
    )
    option("--token-file", "YAML or JSON file with callers, their tokens and their rights", type=Path, metavar="FILE")
    option(
        "--insecure",
        "let everybody who can reach --host use the service without access control",
        type=_switch,
        nargs="?",
        const=True,
        default=False,
        metavar="true|false",
    )


def _switch(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"{text} is neither true nor false")
    return text.lower() == "true"
