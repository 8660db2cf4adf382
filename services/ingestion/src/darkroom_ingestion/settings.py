"""The settings of the service: options of the command line, each also an environment variable."""

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from darkroom.api.quantities import parse_size
from darkroom.errors import DarkroomError
from darkroom.logs import LogFormat
from darkroom_ingestion.access_settings import AccessSettings, add_access_options
from darkroom_ingestion.limits.settings import LimitSettings, add_limit_options

SERVICE = "darkroom-ingestion"
"""The service's name in traces."""
DEFAULT_DATABASE = "sqlite:///darkroom.db"
IN_CLUSTER = Path("kubernetes")
STANDARD_OUTPUT, NO_AUDIT_LOG = Path("-"), Path("none")
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


_START_TIMEOUT = (
    "with --catalog kubernetes: seconds that a starting replica waits for the Kafka clusters of all pipelines before "
    "it is ready for those whose Kafka responds"
)


class BadSettings(DarkroomError):
    """An option is invalid."""


@dataclass(frozen=True)
class Settings:
    """The settings of this replica.

    Attributes:
        catalog: the file of the pipelines to serve, read again when it changes; or IN_CLUSTER.
        namespaces: with IN_CLUSTER, the namespaces of the ImagePipelines to serve; all if empty.
        kubernetes_server: URL of the API server; the one of the pod's cluster if empty.
        kubernetes_credentials: the folder with the files `token` and `ca.crt` of a service account.
        kafka_credentials: the file that lists the service's credentials for Kafka clusters.
        database: SQLAlchemy URL of the store. SQLite allows one replica, PostgreSQL several.
        group: the consumer group that fills the store; derived from the store's id if None.
        delivery_timeout_s: time for Kafka to acknowledge an image before the response is 503.
        body_timeout_s: maximum pause of a client within a body before the response is 408.
        body_memory_bytes: memory for the bodies of all requests.
        batch_bytes: maximum size of a multipart body.
        shutdown_timeout_s: time for requests in flight to finish after SIGTERM.
        start_timeout_s: with IN_CLUSTER, the time that a starting replica waits for the Kafka clusters of all pipelines
            before it is ready for those whose Kafka responds.
        probe_port: port of a separate listener for probes and metrics, which are also on `port`.
        cors_origins: origins whose pages may use the API from a browser.
        tls: the files of the certificate and its key; HTTP without TLS if None.
        limits: what one caller may use.
        audit_log: the file of the audit log, or STANDARD_OUTPUT; no audit log if None.
        workers: the number of processes that handle requests. They share the limits above equally.
        access: who may use the service.
    """

    catalog: Path
    namespaces: tuple[str, ...] = ()
    kubernetes_server: str = ""
    kubernetes_credentials: Path = SERVICE_ACCOUNT
    kafka_credentials: Path | None = None
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
    start_timeout_s: float = 30.0
    probe_port: int | None = None
    cors_origins: tuple[str, ...] = ()
    tls: tuple[Path, Path] | None = None
    limits: LimitSettings = field(default_factory=LimitSettings)
    audit_log: Path | None = None
    workers: int = 1
    access: AccessSettings = field(default_factory=AccessSettings)

    @property
    def in_cluster(self) -> bool:
        """Whether pipelines are read from an API server, not from a file."""
        return self.catalog == IN_CLUSTER


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadSettings(f"{message} (see --help)")


def read_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings from the command line and, for options not given there, the environment.

    Raises:
        BadSettings: an option is unknown, missing, or has a value of the wrong kind.
        BadAccess: the service would be open to other machines.
    """
    parsed = vars(_parser(environment).parse_args(arguments))
    certificate, key = parsed.pop("tls_cert"), parsed.pop("tls_key")
    if (certificate is None) != (key is None):
        raise BadSettings("--tls-cert and --tls-key need each other: set both, or none of them")
    access, limits = AccessSettings.of(parsed), LimitSettings.of(parsed)
    audit_log = parsed.pop("audit_log") or (NO_AUDIT_LOG if access.mode == "none" else STANDARD_OUTPUT)
    return Settings(
        **parsed,
        access=access,
        limits=limits,
        audit_log=None if audit_log == NO_AUDIT_LOG else audit_log,
        tls=certificate and (certificate, key),
    )


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="darkroom-ingestion",
        description="Darkroom's ingestion service: an HTTP API that accepts images and serves results. Every option "
        "can be set by an environment variable: --delivery-timeout by DARKROOM_DELIVERY_TIMEOUT.",
        allow_abbrev=False,
    )

    def option(flag: str, help_text: str, **rest: object) -> None:
        variable = "DARKROOM_" + flag.removeprefix("--").replace("-", "_").upper()
        if environment.get(variable):
            rest |= {"default": environment[variable], "required": False}
        parser.add_argument(flag, help=help_text, **rest)  # type: ignore[arg-type]

    option(
        "--catalog",
        "pipelines to serve: a JSON file, or `kubernetes` for the ImagePipelines of a cluster",
        type=Path,
        required=True,
        metavar="FILE",
    )
    _cluster_options(option)
    add_access_options(option)
    option(
        "--database",
        "SQLAlchemy URL of the results store (default: %(default)s)",
        default=DEFAULT_DATABASE,
        metavar="URL",
    )
    option("--host", "address to listen on (default: %(default)s)", default=Settings.host)
    option("--port", "port to listen on; 0 picks a free one (default: %(default)s)", type=_port, default=Settings.port)
    option(
        "--probe-port",
        "additional port for /healthz, /readyz and /metrics, which stays reachable when clients use up the "
        "connections of --port (default: none)",
        type=_port,
    )
    option(
        "--tls-cert",
        "PEM file with a certificate and its chain, to serve HTTPS on --port; read again when it changes "
        "(default: HTTP without TLS)",
        type=Path,
        metavar="FILE",
    )
    option("--tls-key", "PEM file with the private key of --tls-cert", type=Path, metavar="FILE")
    option(
        "--cors-origins",
        "origins whose pages may use the API from a browser, comma-separated, such as https://console.example.com "
        "(default: none)",
        type=_names,
        default=(),
        metavar="ORIGINS",
    )
    add_limit_options(option)
    option(
        "--audit-log",
        "file for the audit log, or - for the standard output, or none (default: -; none with --access none)",
        type=Path,
        metavar="FILE",
    )
    option(
        "--workers",
        "number of processes that handle requests; --body-memory and the limits of callers are divided among them "
        "(default: %(default)s)",
        type=_count,
        default=Settings.workers,
        metavar="NUMBER",
    )
    option("--log-format", "json or text (default: %(default)s)", choices=["json", "text"], default=Settings.log_format)
    option(
        "--log-level",
        "least severe level to log (default: %(default)s)",
        choices=["debug", "info", "warning", "error"],
        default=Settings.log_level,
    )
    option("--group", "consumer group that fills the store (default: darkroom.ingestion.ID-OF-THE-STORE)")
    for flag, attribute, text in (
        ("--delivery-timeout", "delivery_timeout_s", "seconds for Kafka to acknowledge an image"),
        ("--body-timeout", "body_timeout_s", "maximum pause of a client within a body, in seconds"),
        ("--shutdown-timeout", "shutdown_timeout_s", "seconds for requests in flight to finish after SIGTERM"),
        ("--start-timeout", "start_timeout_s", _START_TIMEOUT),
    ):
        option(
            flag, f"{text} (default: %(default)s)", type=_seconds, default=getattr(Settings, attribute), dest=attribute
        )
    for flag, attribute, text in (
        ("--body-memory", "body_memory_bytes", "memory for the bodies of all requests"),
        ("--batch-bytes", "batch_bytes", "maximum size of a multipart body"),
    ):
        option(flag, f"{text} (default: %(default)s)", type=_size, default=getattr(Settings, attribute), dest=attribute)
    return parser


def _cluster_options(option: Callable[..., None]) -> None:
    with_cluster = "with --catalog kubernetes: "
    option(
        "--namespaces", f"{with_cluster}namespaces to serve, comma-separated (default: all)", type=_names, default=()
    )
    option(
        "--kubernetes-server", f"{with_cluster}URL of the API server (default: that of the pod's cluster)", default=""
    )
    option(
        "--kubernetes-credentials",
        f"{with_cluster}folder with `token` and `ca.crt` of a service account (default: %(default)s)",
        type=Path,
        default=SERVICE_ACCOUNT,
        metavar="FOLDER",
    )
    option(
        "--kafka-credentials",
        f"{with_cluster}JSON file that lists the service's credentials for Kafka clusters",
        type=Path,
        metavar="FILE",
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 - the range of TCP ports
        raise argparse.ArgumentTypeError(f"{text} is not a port number")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of at least 1")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 3_600:  # noqa: PLR2004 - an hour, as the message says
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3600 seconds")
    return seconds


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
