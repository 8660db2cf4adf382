"""Asking another process of this machine over HTTP."""

from http.client import HTTPConnection, HTTPException
from typing import Final

_TIMEOUT_S: Final = 2.0


def get(port: int, path: str) -> tuple[int, str]:
    """Status and body; status 0 and an empty document if there is no answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, HTTPException):
        return 0, "{}"
    finally:
        connection.close()
