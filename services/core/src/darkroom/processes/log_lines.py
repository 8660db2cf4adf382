"""Lines of a worker's log that `darkroom up` recognises."""

from typing import Final

PROCESS_ENDED: Final = "worker process ended, restarting it"
"""A worker says it of one of its processes, with its exit code as the field `code`."""
