"""The images that a worker's processes are analysing, in memory that they share with their parent.

It outlives a process that crashes, so that the parent can name the image that ended it. Only the parent writes the
table of suspects; every process reads it, since any of them may be given the image next. The processes also write how
often their watchdogs have ticked, so that the parent ends one whose watchdog can't run.
"""

import mmap
import os
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol, Self

from darkroom.files.file_lock import try_lock

Position = tuple[int, int]
"""Partition and offset."""

_MOST_SUSPECTS: Final = 256
_MOST_IN_RUN: Final = 64
_NUMBER: Final = struct.Struct("=q")
_POSITION: Final = struct.Struct("=qq")
_SUSPECT: Final = struct.Struct("=qqq")
_TABLE_BYTES: Final = _MOST_SUSPECTS * _SUSPECT.size
_SLOT_BYTES: Final = _NUMBER.size + _MOST_IN_RUN * _POSITION.size


class HasPosition(Protocol):
    """An image, identified by its position in the images topic."""

    @property
    def partition(self) -> int:
        """Its partition."""

    @property
    def offset(self) -> int:
        """Its offset."""


class ImagesAtWork:
    """The ticks of each process, a slot for each of its loops, and a table of suspects. The oldest are forgotten.

    Attributes:
        descriptor: of the memory, to be inherited.
    """

    def __init__(self, descriptor: int, loops: int) -> None:
        """Open the memory that `create` has made, with the same number of `loops`."""
        self.descriptor = descriptor
        self._loops = loops
        self._memory = mmap.mmap(descriptor, 0)
        self._next = 0

    @classmethod
    def create(cls, processes: int, loops: int) -> Self:
        """New memory for `processes` with at most `loops` loops each."""
        with tempfile.TemporaryFile() as file:  # memfd_create exists on Linux only
            descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, _bytes(processes, loops))
        return cls(descriptor, loops)

    @classmethod
    def keep(cls, file: Path, processes: int, loops: int) -> Self:
        """As `create`, in a file that outlives the parent, too. It has the images that the last one left at work.

        If the file is that of a running worker, or can't be written, the memory is not kept.
        """
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if try_lock(file.with_suffix(".lock")) is None:  # it stays locked until this process ends
                return cls.create(processes, loops)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
            if os.fstat(descriptor).st_size != _bytes(processes, loops):
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, _bytes(processes, loops))
        except OSError:
            return cls.create(processes, loops)
        kept = cls(descriptor, loops)
        # Kafka has the attempts of earlier processes.
        kept._memory[:_TABLE_BYTES] = bytes(_TABLE_BYTES)
        return kept

    def begin(self, process: int, loop: int, images: Sequence[HasPosition]) -> None:
        """A loop begins to read an image, or to run the model on several."""
        slot = self._slot(process, loop)
        for number, image in enumerate(images[:_MOST_IN_RUN]):
            at = slot + _NUMBER.size + number * _POSITION.size
            _POSITION.pack_into(self._memory, at, image.partition, image.offset)
        _NUMBER.pack_into(self._memory, slot, min(len(images), _MOST_IN_RUN))

    def end(self, process: int, loop: int) -> None:
        """The loop has survived."""
        _NUMBER.pack_into(self._memory, self._slot(process, loop), 0)

    def acquit(self, process: int, guilty: int | None = None) -> None:
        """Clear the slots of a process that is about to end for a known reason, except that of the loop `guilty`."""
        for loop in range(self._loops):
            if loop != guilty:
                self.end(process, loop)

    def tick(self, process: int, ticks: int) -> None:
        """The watchdog of a process has ticked so often."""
        _NUMBER.pack_into(self._memory, self._process(process), ticks)

    def ticks(self, process: int) -> int:
        """How often the watchdog of a process has ticked; 0 while the process starts."""
        (ticks,) = _NUMBER.unpack_from(self._memory, self._process(process))
        return int(ticks)

    def blame(self, process: int) -> list[Position]:
        """Suspect the images that a process was analysing when it ended, and clear its slots and ticks.

        A single image is to blame: the attempt counts. Several are only suspects, to be analysed alone.
        """
        at_work = [position for loop in range(self._loops) for position in self._at_work(process, loop)]
        self.acquit(process)
        self.tick(process, 0)
        known = self.suspects()
        for position in at_work:
            self._suspect(position, known.get(position, 0) + (len(at_work) == 1))
        return at_work

    def suspects(self) -> dict[Position, int]:
        """How often each suspect has ended a process that analysed nothing else."""
        table = _SUSPECT.iter_unpack(self._memory[:_TABLE_BYTES])
        return {(partition, offset): known - 1 for partition, offset, known in table if known}

    def _at_work(self, process: int, loop: int) -> list[Position]:
        slot = self._slot(process, loop)
        (images,) = _NUMBER.unpack_from(self._memory, slot)
        first = slot + _NUMBER.size
        return [_POSITION.unpack_from(self._memory, first + n * _POSITION.size) for n in range(images)]

    def _suspect(self, position: Position, attempts: int) -> None:
        known = list(_SUSPECT.iter_unpack(self._memory[:_TABLE_BYTES]))
        numbers = [n for n, (*entry, used) in enumerate(known) if used and tuple(entry) == position]
        if not numbers:
            numbers, self._next = [self._next], (self._next + 1) % _MOST_SUSPECTS
        at = numbers[0] * _SUSPECT.size
        # A process that reads meanwhile must not take the count of one image for that of another.
        _SUSPECT.pack_into(self._memory, at, *position, 1)
        _NUMBER.pack_into(self._memory, at + _POSITION.size, attempts + 1)

    def _process(self, process: int) -> int:
        return _TABLE_BYTES + process * _process_bytes(self._loops)

    def _slot(self, process: int, loop: int) -> int:
        return self._process(process) + _NUMBER.size + loop * _SLOT_BYTES


def _bytes(processes: int, loops: int) -> int:
    return _TABLE_BYTES + processes * _process_bytes(loops)


def _process_bytes(loops: int) -> int:
    return _NUMBER.size + loops * _SLOT_BYTES
