"""kopf's memory of objects, switched off.

For handlers that run once a change kopf compares each object with a copy of it in an annotation. Ours run on every
event and compare with what should be, so the copies, which take kopf longer than all the rest, are not made.
"""

from typing import Any

import kopf


class NoDiffBase(kopf.DiffBaseStorage):
    """Nothing is ever known of how an object was."""

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing of an object matters to kopf."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> kopf.BodyEssence | None:
        """Nothing is known."""
        return None

    def store(self, **_: Any) -> None:
        """Nothing is kept."""


class NoProgress(kopf.ProgressStorage):
    """No handler has a past."""

    def fetch(self, **_: Any) -> None:
        """Nothing is known."""

    def store(self, **_: Any) -> None:
        """Nothing is kept."""

    def purge(self, **_: Any) -> None:
        """Nothing is there to go."""

    def touch(self, **_: Any) -> None:
        """Nothing is written."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        """Nothing of it is ours."""
        return essence
