"""kopf storages that store nothing.

For handlers of changes kopf keeps a copy of each object in an annotation and compares with it. The operator handles
events only and compares with the desired state, so these copies, which take most of kopf's time, are switched off.
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
