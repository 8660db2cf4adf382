"""Marks in the metadata of offset commits, which identify the image that crashes a process. They survive the crash.

Every commit of a partition carries a `Mark`. There are three kinds.

- clean (no metadata): no worker processes this partition. Written when a partition is released gracefully.
- held, batch=b: a worker takes batches of at most b records from this offset on. Written once after an assignment, with
  the first records; later commits repeat it without extra requests.
- suspects=k: the next k records are processed one at a time, because one of them may have crashed a process.

A worker that is assigned a *held* partition knows that the previous owner ended without releasing it. The image that
caused this is among the b records from the committed offset on: these become suspects. A suspect is analysed while no
other image is analysed in the process, between two commits at its own offset: `attempts=n inHand` before, and the same
without `inHand` after. If the process crashes in between, the mark shows which image it was. After `maxAttempts` the
record becomes a dead letter. Each suspect that is processed reduces the number of suspects, and after the last one the
partition is held again. The other images of the batch are analysed as usual.

The first of the two commits must be made while nothing else is analysed; otherwise a crash caused by another loop's
image would be attributed to this one. It takes milliseconds. If Kafka does not confirm it within two seconds, the image
is not analysed, the mark is withdrawn, and the other loops continue, so an outage is not counted as an attempt. The
second commit is made while the other loops continue.

A worker that is ended from outside (a failed node, SIGKILL) leaves suspects too, which only slows down one batch. A
good image would become a dead letter only if this happened `maxAttempts` times in a row between the two commits of
that image. Publishing is not between them: killing a worker that waits for a broker does not count as an attempt.

Exceptions of the model are counted in the same field, without `inHand`, so the count survives a restart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Verdict = Literal["PoisonImage", "InferenceError", "DeliveryLimit"]

_FIELD: Final = "darkroom"
_UNKNOWN_BATCH: Final = 64
"""The batch size assumed for a mark without one: the largest batch of the versions that did not write it."""


@dataclass(frozen=True)
class Mark:
    """The metadata of a commit, about the records from the committed offset on.

    Attributes:
        batch: the maximum size of the batches that a worker takes from here on; 0 if no worker does.
        suspects: how many records from here on must be processed one at a time; `batch` is 0 then.
        attempts: the number of failed attempts to process the record at this offset alone.
        in_hand: whether the last of these attempts was in progress when the commit was made.
    """

    batch: int = 0
    suspects: int = 0
    attempts: int = 0
    in_hand: bool = False

    @property
    def held(self) -> bool:
        """Whether a worker takes batches from here on."""
        return self.batch > 0


CLEAN: Final = Mark()


def held(batch: int) -> Mark:
    """The mark of a worker that takes batches of at most `batch` records from here on."""
    return Mark(batch=batch)


def encode(mark: Mark, extra: Mapping[str, Any] | None = None) -> str:
    """The metadata of a commit: the mark, and the fields in `extra`, which `decode` ignores."""
    fields: dict[str, Any] = {}
    if mark.held:
        fields = {_FIELD: "held", "batch": mark.batch}
    elif mark != CLEAN:
        fields = {_FIELD: "suspects", "suspects": mark.suspects}
        if mark.attempts:
            fields |= {"attempts": mark.attempts, "inHand": mark.in_hand}
    fields |= extra or {}
    return json.dumps(fields) if fields else ""


def decode(metadata: str | None) -> Mark:
    """The mark in a commit's metadata. Metadata of other programs (tools that reset offsets) counts as clean."""
    try:
        fields = json.loads(metadata or "")
    except ValueError:
        return CLEAN
    match fields:
        case {"darkroom": "held", **rest}:
            batch = rest.get("batch")
            return held(batch if isinstance(batch, int) and batch > 0 else _UNKNOWN_BATCH)
        case {"darkroom": "suspects", "suspects": int(suspects)} if suspects > 0:
            attempts, in_hand = fields.get("attempts", 0), fields.get("inHand", False)
            if isinstance(attempts, int) and attempts > 0 and isinstance(in_hand, bool):
                return Mark(suspects=suspects, attempts=attempts, in_hand=in_hand)
            return Mark(suspects=suspects)
        case _:
            return CLEAN


def taken_over(found: Mark, *, same_record: bool, batch: int) -> Mark:
    """The mark with which a worker continues a partition that has the mark `found`.

    Args:
        found: the mark of the committed offset.
        same_record: whether the first record is at the committed offset. If not, retention has removed the record that
            the attempts belong to, and they no longer count.
        batch: the maximum size of the worker's batches.
    """
    if found.suspects:
        return found if same_record else survived(found)
    return Mark(suspects=found.batch) if found.held else held(batch)


def verdict(mark: Mark, max_attempts: int) -> Verdict | None:
    """Why the record at this mark must not be tried again; None if it may be tried."""
    if mark.attempts < max_attempts:
        return None
    return "PoisonImage" if mark.in_hand else "InferenceError"


def trying(mark: Mark) -> Mark:
    """The mark to commit before the record is tried alone."""
    return replace(mark, attempts=mark.attempts + 1, in_hand=True)


def survived(mark: Mark) -> Mark:
    """The mark to commit after an attempt that did not crash the process."""
    return replace(mark, attempts=0, in_hand=False)


def failed(mark: Mark) -> Mark:
    """The mark to commit after an attempt alone in which the model raised an exception."""
    return replace(mark, in_hand=False)


def failed_in_batch() -> Mark:
    """The mark to commit at a record on which the model raised an exception in a batch: the record's first attempt."""
    return Mark(suspects=1, attempts=1)


def passed(mark: Mark, batch: int) -> Mark:
    """The mark to commit once the record at `mark` has its result or dead letter; `batch` as for `held`."""
    return Mark(suspects=mark.suspects - 1) if mark.suspects > 1 else held(batch)


def given_back(mark: Mark) -> Mark:
    """The mark to commit when the partition is released with no batch in progress.

    If an attempt is still marked as in progress, it crashed a previous owner: the mark is passed on to the next owner.
    """
    return CLEAN if mark.held else mark
