"""The options of `darkroom up`, and the manifests that they name."""

from dataclasses import dataclass
from pathlib import Path

from darkroom.access.token_file import BadTokenFile, read_entries
from darkroom.errors import DarkroomError
from darkroom.loopback import is_loopback
from darkroom_cli.exit_codes import InvalidInput
from darkroom_cli.manifests.bundle import Bundle, load_bundle
from darkroom_cli.manifests.references import missing_references
from darkroom_cli.processes.fork_server.client import ForkServer
from darkroom_cli.processes.ports import why_not_free
from darkroom_cli.views.output import say


@dataclass(frozen=True)
class Exposure:
    """Where the ingestion service listens, and who may use it.

    Attributes:
        host: address to listen on.
        token_file: the file with callers, their tokens and their rights.
        insecure: whether everybody may use a service that other machines can reach.
    """

    host: str
    token_file: Path | None = None
    insecure: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """Options of the ingestion service."""
        tokens = () if self.token_file is None else ("--token-file", str(self.token_file.absolute()))
        return ("--host", self.host, *tokens, *(("--insecure",) if self.insecure else ()))


@dataclass(frozen=True)
class Options:
    """The options of `darkroom up`. `port` 0 chooses a free one; without `bootstrap_servers` a broker is started.

    `fork_server` starts the services, if there is one.
    """

    manifests: tuple[Path, ...]
    port: int
    data_dir: Path
    bootstrap_servers: str | None
    workers: int
    ingestion_workers: int
    exposure: Exposure
    fork_server: ForkServer | None = None


def load(options: Options) -> Bundle:
    """Load the manifests, with everything they refer to.

    Raises:
        InvalidInput: the manifests are invalid; the message has one line per problem.
        InvalidInput: everybody who can reach this machine could send and read images, or the token file is invalid.
        DarkroomError: the port is in use.
    """
    host, token_file = options.exposure.host, options.exposure.token_file
    if not (is_loopback(host) or token_file or options.exposure.insecure):
        raise InvalidInput(
            f"--host {host} would let everybody who can reach it send and read images: set --token-file to a file with "
            "callers, their tokens and their rights, or --insecure to allow it"
        )
    if token_file is not None:
        try:
            read_entries(token_file.absolute())
        except BadTokenFile as error:
            raise InvalidInput(str(error)) from None
    bundle = load_bundle(options.manifests)
    problems = bundle.problems + missing_references(bundle, in_cluster=False)
    if problems:
        raise InvalidInput("\n".join(str(problem) for problem in problems))
    if not bundle.pipelines:
        raise InvalidInput(f"no ImagePipeline in {', '.join(map(str, options.manifests))}")
    for note in bundle.notes:
        say(f"note: {note}")
    if options.port and (reason := why_not_free(options.port, host)):
        raise DarkroomError(
            f"port {options.port} on {host}: {reason}: stop what uses it, or choose another with --port"
        )
    return bundle
