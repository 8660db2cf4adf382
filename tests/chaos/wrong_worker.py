"""A deliberately faulty worker, which commits before it publishes. The harness must detect it."""

import threading
from collections.abc import Sequence
from typing import Final

from darkroom_inference.command import main
from darkroom_inference.kafka.delivery import AtLeastOnce
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.kafka.publisher import Publisher
from darkroom_inference.loop import loop
from darkroom_inference.records.outgoing import Outgoing

_LATER_S: Final = 2.0


class AtMostOnce(AtLeastOnce[Positions]):
    """Records that are committed but not published are lost with the process. Waits in between, to be detected."""

    def __init__(self, publisher: Publisher, offsets: Offsets) -> None:
        super().__init__(publisher, offsets)
        self._kept: list[Outgoing] = []

    def publish(self, outgoing: Outgoing) -> None:
        """Keep the record."""
        self._kept.append(outgoing)

    def settle(self, positions: Positions) -> Sequence[Outgoing]:
        """Commit, and publish later."""
        if positions:
            self._settled.commit(positions)
        kept, self._kept = self._kept, []
        threading.Timer(_LATER_S, self._publish_late, [kept]).start()
        return kept

    def forget(self) -> None:
        """Drop the kept records."""
        self._kept.clear()

    def _publish_late(self, kept: Sequence[Outgoing]) -> None:
        for outgoing in kept:
            self._publisher.publish(outgoing)
        self._publisher.wait()


if __name__ == "__main__":
    setattr(loop, "AtLeastOnce", AtMostOnce)  # noqa: B010 - private for mypy
    main()
