"""Which image ends the process: told by the metadata of offset commits, because nothing else outlives the process.

Every commit of a partition carries a `Mark`. There are three kinds.

- clean (no metadata): nobody has work of this partition in hand. Written when a partition is given back in order.
- held, batch=b: a worker takes batches of at most b records from this offset on. It is written once after an
  assignment, with the first records, and then rides on the commits that are made anyway, so that steady state pays
  nothing.
- suspects=k: the k next records are taken one at a time, for one of them may have ended a process.

Who is assigned a partition and finds it *held* knows that its last owner ended without giving it back. The image at
fault is among the b records from the committed offset on: these become the suspects. A suspect is analysed while no
other image is in hand in the whole process, between two commits at its own offset: `attempts=n inHand` before, and,
when it has been analysed, the same without them. So a process that ends in between leaves the proof in its mark. At
`maxAttempts` the record becomes a dead letter; each record that survives leaves a suspect less, and after the last one
the partition is held again. Neighbours are analysed whatever becomes of the image at fault.

The first of the two commits has to be made while nothing else is analysed, or the proof would name the image of another
loop that ended the process meanwhile. It is given up after a moment, outside Kafka's outages it takes milliseconds: an
image is analysed only once its mark is known to be committed, and until then nobody is kept waiting. The second one
is made when the others have gone on.

What ends a worker from outside (a node that fails, SIGKILL) proves nothing: it only makes suspects, which costs a
little speed for the length of a batch. To set aside an innocent image such ends would have to fall `maxAttempts` times
in a row between these two commits of the same image. Publishing is not between them: a worker that is killed while it
waits for a broker does not count against the image.

Exceptions of the model are counted in the same field, without `inHand`: a process that restarts goes on counting.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

Verdict = Literal["PoisonImage", "InferenceError"]

_FIELD: Final = "darkroom"
_UNKNOWN_BATCH: Final = 64
"""What a mark without a batch stands for: the largest batch of the versions that wrote none."""


@dataclass(frozen=True)
class Mark:
    """What the metadata of a commit says about the records from the committed offset on.

    Attributes:
        batch: a worker takes batches of at most so many records from here on; 0 if none does.
        suspects: how many records from here on are to be taken one at a time; `batch` is 0 then.
        attempts: how often the record at this offset has been tried alone without success.
        in_hand: the last of these attempts had not ended when the commit was made.
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
    """To be committed by a worker that takes at most `batch` records of the partition at once from then on."""
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
    """The mark in a commit's metadata. What somebody else wrote there (a tool that resets offsets) is clean."""
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
    """How a worker goes on with a partition where it has found the mark `found`.

    Args:
        found: the mark of the committed offset.
        same_record: whether the first record that came lies at the committed offset. If not, the record that the
            attempts belong to is gone (retention), and so are they.
        batch: the most records that the worker takes at once.
    """
    if found.suspects:
        return found if same_record else survived(found)
    return Mark(suspects=found.batch) if found.held else held(batch)


def verdict(mark: Mark, max_attempts: int) -> Verdict | None:
    """Why the record at this mark is not to be tried again; None if it is."""
    if mark.attempts < max_attempts:
        return None
    return "PoisonImage" if mark.in_hand else "InferenceError"


def trying(mark: Mark) -> Mark:
    """To be committed before the record is tried alone."""
    return replace(mark, attempts=mark.attempts + 1, in_hand=True)


def survived(mark: Mark) -> Mark:
    """To be committed when the record was tried and the process is still there."""
    return replace(mark, attempts=0, in_hand=False)


def failed(mark: Mark) -> Mark:
    """To be committed when the model raised an exception for the record that was tried alone."""
    return replace(mark, in_hand=False)


def failed_in_batch() -> Mark:
    """To be committed at a record of a batch for which the model raised an exception: its first attempt."""
    return Mark(suspects=1, attempts=1)


def passed(mark: Mark, batch: int) -> Mark:
    """The mark after the record at `mark` has got its result or its dead letter; `batch` as for `held`."""
    return Mark(suspects=mark.suspects - 1) if mark.suspects > 1 else held(batch)


def given_back(mark: Mark) -> Mark:
    """To be committed when the partition is given back with nothing in hand.

    An attempt that is still marked as in hand is a predecessor's, which it ended: the proof goes on to the next owner.
    """
    return CLEAN if mark.held else mark
