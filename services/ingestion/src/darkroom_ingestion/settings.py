"""What the service is told at its start: options, each also an environment variable."""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from darkroom.errors import DarkroomError
from darkroom.logs import LogFormat
from darkroom.quantities import parse_size

DEFAULT_DATABASE = "sqlite:///darkroom.db"


class BadSettings(DarkroomError):
    """An option that can't be understood."""


@dataclass(frozen=True)
class Settings:
    """How this replica runs.

    Attributes:
        catalog: the document of the pipelines that are served; read again when it changes.
        database: SQLAlchemy URL of the store. SQLite means one replica, PostgreSQL several.
        group: the consumer group that fills the store; one of the store's own when left out.
        delivery_timeout_s: how long Kafka may take to acknowledge an image before the answer is 503.
        body_timeout_s: how long a client may be silent in the middle of a body before the answer is 408.
        body_memory_bytes: bodies that are held at the same time, all together.
        batch_bytes: one multipart body.
        shutdown_timeout_s: how long requests in flight may take after SIGTERM.
    """

    catalog: Path
    database: str = DEFAULT_DATABASE
    host: str = "127.0.0.1"
    port: int = 8080
    log_format: LogFormat = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    group: str | None = None
    delivery_timeout_s: float = 10.0
    body_timeout_s: float = 15.0
    body_memory_bytes: int = 256 * 2**20
    batch_bytes: int = 64 * 2**20
    shutdown_timeout_s: float = 15.0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadSettings(f"{message} (see --help)")


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the command line and, where it is silent, the environment give.

    Raises:
        BadSettings: an option is unknown, missing, or has a value of the wrong kind.
    """
    parsed = vars(_parser(environment).parse_args(arguments))
    return Settings(**parsed)


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="darkroom-ingestion",
        description="Darkroom's HTTP door: images in, results out. Every option is also an environment variable: "
        "--delivery-timeout is DARKROOM_DELIVERY_TIMEOUT.",
        allow_abbrev=False,
    )

    def option(flag: str, help_text: str, **rest: object) -> None:
        variable = "DARKROOM_" + flag.removeprefix("--").replace("-", "_").upper()
        if variable in environment:
            rest |= {"default": environment[variable], "required": False}
        parser.add_argument(flag, help=help_text, **rest)  # type: ignore[arg-type]

    option("--catalog", "the pipelines to serve, a JSON file", type=Path, required=True, metavar="FILE")
    option("--database", "SQLAlchemy URL of the store (%(default)s)", default=DEFAULT_DATABASE, metavar="URL")
    option("--host", "address to listen on (%(default)s)", default=Settings.host)
    option("--port", "port to listen on; 0 takes a free one (%(default)s)", type=_port, default=Settings.port)
    option("--log-format", "json or text (%(default)s)", choices=["json", "text"], default=Settings.log_format)
    option(
        "--log-level",
        "(%(default)s)",
        choices=["debug", "info", "warning", "error"],
        default=Settings.log_level,
    )
    option("--group", "consumer group that fills the store (darkroom.ingestion.<id of the store>)")
    for flag, attribute, text in (
        ("--delivery-timeout", "delivery_timeout_s", "seconds that Kafka may take to acknowledge an image"),
        ("--body-timeout", "body_timeout_s", "seconds that a client may be silent in the middle of a body"),
        ("--shutdown-timeout", "shutdown_timeout_s", "seconds that requests in flight may take after SIGTERM"),
    ):
        option(flag, f"{text} (%(default)s)", type=_seconds, default=getattr(Settings, attribute), dest=attribute)
    for flag, attribute, text in (
        ("--body-memory", "body_memory_bytes", "bytes of bodies held at the same time"),
        ("--batch-bytes", "batch_bytes", "largest multipart body"),
    ):
        option(flag, f"{text} (%(default)s)", type=_size, default=getattr(Settings, attribute), dest=attribute)
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - what a TCP port is
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3_600:  # noqa: PLR2004 - an hour is more than any of them needs
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3600 seconds")
    return seconds


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
