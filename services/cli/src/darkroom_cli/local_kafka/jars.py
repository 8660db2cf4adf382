"""The jars of Apache Kafka: version, files and SHA-256 checksums."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from darkroom.files.checksums import sha256_of

KAFKA_VERSION = "4.3.1"


@dataclass(frozen=True)
class Jar:
    """One Maven artifact, pinned by the sha256 of its file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name in Maven repositories."""
        return f"{self.artifact}-{self.version}.jar"

    def is_at(self, path: Path) -> bool:
        """Whether the file at `path` exists and has the jar's checksum."""
        try:
            return sha256_of(path) == self.sha256
        except FileNotFoundError:
            return False


def pinned_jars() -> tuple[Jar, ...]:
    """Kafka and its runtime dependencies as Maven resolves them: lines of `group:artifact:version sha256`."""
    listing = files("darkroom_cli.local_kafka").joinpath(f"jars-{KAFKA_VERSION}.txt").read_text(encoding="utf-8")
    return tuple(Jar(*line.replace(":", " ").split()) for line in listing.splitlines())
