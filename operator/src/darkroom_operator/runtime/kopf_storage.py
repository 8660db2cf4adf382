"""kopf storages that store nothing.

For change handlers, kopf keeps a copy of every object in an annotation, which takes most of its time. The operator
handles only events and compares objects with the desired state, so these copies are disabled.
"""

from typing import Any

import kopf


class NoDiffBaseStorage(kopf.DiffBaseStorage):
    """Keeps no earlier state of objects."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """An empty essence."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Nothing is stored."""
        return None

    def store(self, **_: Any) -> None:
        """Do nothing."""


class NoProgressStorage(kopf.ProgressStorage):
    """Keeps no progress of handlers."""

    def fetch(self, **_: Any) -> None:
        """Nothing is stored."""

    def store(self, **_: Any) -> None:
        """Do nothing."""

    def purge(self, **_: Any) -> None:
        """Do nothing."""

    def touch(self, **_: Any) -> None:
        """Do nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """The essence, unchanged."""
        return essence
