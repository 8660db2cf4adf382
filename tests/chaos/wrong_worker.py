"""A worker that is wrong on purpose: it commits first and publishes afterwards. The harness has to find it out."""

import threading
from collections.abc import Sequence
from typing import Final

from darkroom_inference.__main__ import main
from darkroom_inference.kafka.delivery import AtLeastOnce
from darkroom_inference.kafka.offsets import Offsets, Positions
from darkroom_inference.kafka.publisher import Publisher
from darkroom_inference.loop import loop
from darkroom_inference.records.outgoing import Outgoing

_LATER_S: Final = 2.0


class AtMostOnce(AtLeastOnce):
    """What is committed and not yet published is lost with the process. It lets some time pass, to be caught."""

    def __init__(self, publisher: Publisher, offsets: Offsets) -> None:
        super().__init__(publisher, offsets)
        self._kept: list[Outgoing] = []

    def publish(self, outgoing: Outgoing) -> None:
        """Keep it back."""
        self._kept.append(outgoing)

    def settle(self, positions: Positions) -> Sequence[Outgoing]:
        """Commit, and publish a moment later."""
        self._offsets.commit(positions)
        kept, self._kept = self._kept, []
        threading.Timer(_LATER_S, self._publish_late, [kept]).start()
        return kept

    def forget(self) -> None:
        """Drop what was kept."""
        self._kept.clear()

    def _publish_late(self, kept: Sequence[Outgoing]) -> None:
        for outgoing in kept:
            self._publisher.publish(outgoing)
        self._publisher.wait()


if __name__ == "__main__":
    setattr(loop, "AtLeastOnce", AtMostOnce)  # noqa: B010 - mypy holds it to be private
    main()
