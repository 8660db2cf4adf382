"""Why a JVM ended, in one line, from what it printed."""

import re

_EXCEPTION = re.compile(
    r"^(?:Caused by: |Exception in thread \S+ )?(?:[a-z_$][\w$]*\.)+[A-Z][\w$.]*(?:: (?P<message>.*))?$"
)
_ERROR_LINE = re.compile(r"^\[[^]]*\] (?:ERROR|FATAL) (?P<message>.*)$")


def reason_of_failure(output: str) -> str:
    """The innermost exception's message if there is one, else the last logged error, else the last line.

    Kafka logs `Exiting Kafka due to fatal exception` and the reason below it, in a stack trace.
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in (_EXCEPTION, _ERROR_LINE):
        for line in reversed(lines):
            if (match := pattern.match(line)) is not None:
                return match["message"] or line
    return lines[-1] if lines else "it printed nothing"
