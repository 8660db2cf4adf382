"""The logs of libraries."""

import logging


def quiet_libraries() -> None:
    """Log nothing of theirs but warnings."""
    for name in ("uvicorn", "alembic", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
