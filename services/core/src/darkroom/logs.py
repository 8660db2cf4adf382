"""Structured logs, the same in every service: short lower-case sentences with key-value pairs."""

import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Literal

import structlog

LogFormat = Literal["json", "text"]

LogFields = Callable[[], Mapping[str, object]]
"""Returns the fields to add to log lines. Called only when a line is logged."""

_fields: ContextVar[LogFields | None] = ContextVar("log_fields", default=None)


class _Adding:
    """The context of `log_fields`. A generator takes four times as long, and there are several for each image."""

    __slots__ = ("_added", "_before")

    def __init__(self, added: LogFields) -> None:
        self._added = added

    def __enter__(self) -> None:
        self._before = _fields.set(self._added)

    def __exit__(self, *_: object) -> None:
        _fields.reset(self._before)


def log_fields(fields: LogFields) -> AbstractContextManager[None]:
    """Add `fields` to all log lines of this thread or task within the context.

    For frequent work: cheaper than structlog's `bound_contextvars`, which sets and resets a variable per field.
    """
    return _Adding(fields)


def set_log_fields(fields: LogFields) -> None:
    """Add `fields` to all log lines of this task from now on, instead of those that were set before."""
    _fields.set(fields)


def configure_logs(log_format: LogFormat, level: str = "info") -> None:
    """Send structlog and the standard library's logs to stderr in one format."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _merge_fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Its methods below the level do nothing, so that a line that is not logged costs almost no time.
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def log_warnings() -> None:
    """Send warnings and errors to stderr, for commands whose stdout is their result."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _merge_fields(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    fields = _fields.get()
    return event if fields is None else {**fields(), **event}
