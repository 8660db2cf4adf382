"""`python -m darkroom_ingestion.log_trace`: a request on standard input; progress and the trace on standard output."""

import json
import logging
import sys

from pydantic import ValidationError

from darkroom.errors import DarkroomError
from darkroom.kafka.errors import KafkaUnreachable
from darkroom.logs import configure_logs
from darkroom_ingestion.log_trace.request import Progress, Request
from darkroom_ingestion.log_trace.search import Search

FAILED, INVALID, UNREACHABLE = 1, 2, 3


def main() -> int:
    """Search, and print JSON lines: how far it is, then the trace. Returns the exit code; stderr says what failed."""
    configure_logs("text", "error")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        request = Request.model_validate_json(sys.stdin.buffer.read())
        trace = Search(request, _tell).run()
    except ValidationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for the program that started this one
        return INVALID
    except DarkroomError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return UNREACHABLE if isinstance(error, KafkaUnreachable) else FAILED
    print(json.dumps({"trace": trace}), flush=True)  # noqa: T201
    return 0


def _tell(topics: str, read: int, total: int) -> None:
    print(Progress(topics=topics, read=read, total=total).model_dump_json(), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
