"""The reason why a JVM exited, as one line of its output."""

import re

_CLASS = r"(?:[a-z_$][\w$]*\.)+[A-Z][\w$.]*"
_EXCEPTION = re.compile(rf'^(?:Exception in thread "[^"]*" )?{_CLASS}: (?P<message>.+)$')
_CAUSE = re.compile(rf"^Caused by: {_CLASS}: (?P<message>.+)$")
_LOGGED = re.compile(rf"^\[[^]]*\] (?:ERROR|FATAL) (?P<message>.+?)(?: \({_CLASS}\))?$")
_CONSEQUENCES = {
    "Error: Could not create the Java Virtual Machine.",
    "Error: A fatal exception has occurred. Program will exit.",
}
"""What Java's launcher prints after the reason."""


def reason_of_failure(output: str) -> str:
    """The first exception and its innermost cause if there is one, else the last logged error, else the last line.

    The first, because later errors (`Exiting Kafka due to fatal exception`) are only consequences.
    """
    lines = [line for line in output.splitlines() if line.strip() and line not in _CONSEQUENCES]
    exceptions = [(number, match["message"]) for number, line in enumerate(lines) if (match := _EXCEPTION.match(line))]
    if exceptions:
        number, message = exceptions[0]
        end = exceptions[1][0] if len(exceptions) > 1 else len(lines)
        causes = [match["message"] for line in lines[number:end] if (match := _CAUSE.match(line))]
        return message if not causes or causes[-1] in message else f"{message}: {causes[-1]}"
    logged = [match["message"] for line in lines if (match := _LOGGED.match(line))]
    return (logged or lines or ["it printed nothing"])[-1].strip()
