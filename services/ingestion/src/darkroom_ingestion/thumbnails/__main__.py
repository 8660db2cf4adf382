"""The process that makes thumbnails, one at a time. Started by the service; ends when the service closes its input.

python -m darkroom_ingestion.thumbnails
"""

import os
import resource
import signal
import sys
from typing import BinaryIO, Final

from darkroom.errors import DarkroomError
from darkroom_ingestion.thumbnails.frames import REQUEST, RESPONSE

MEMORY_BYTES: Final = 384 * 2**20
"""How much memory the process may allocate."""
_NICENESS: Final = 10
"""Of 19. The process gets about a tenth of the CPU time of one with the default, 0, if both want all of it."""


def main() -> None:
    """Make thumbnails until the input ends."""
    # The service, which gets the same signals, decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Where CPU time is scarce, images are accepted first.
    os.nice(_NICENESS)
    # Threads of numpy's BLAS would take their stacks from the limit, and nothing here multiplies matrices.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # Decoders may print; only responses may reach the pipe.
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, responses)


def serve(requests: BinaryIO, responses: BinaryIO) -> None:
    """Respond to requests until there are no more."""
    from darkroom_vision.imaging.opencv import configure_opencv  # noqa: PLC0415 - after the limits are set

    configure_opencv()
    while head := requests.read(REQUEST.size):
        size, length = REQUEST.unpack(head)
        made, content = _respond(requests.read(length), size)
        responses.write(RESPONSE.pack(made, len(content)) + content)
        responses.flush()


def _respond(data: bytes, size: int) -> tuple[bool, bytes]:
    from darkroom_ingestion.thumbnails.render import thumbnail  # noqa: PLC0415 - after the limits are set

    try:
        return True, thumbnail(data, size)
    except DarkroomError as error:
        return False, str(error).encode()
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises is about this file
        return False, f"the file cannot be decoded: {type(error).__name__}".encode()


if __name__ == "__main__":
    main()
