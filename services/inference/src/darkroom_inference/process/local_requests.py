"""HTTP requests to another process on this machine."""

from http.client import HTTPConnection, HTTPException
from typing import Final

HOST: Final = "127.0.0.1"

_TIMEOUT_S: Final = 2.0


def get(port: int, path: str) -> tuple[int, str]:
    """The status and the body of the response; status 0 and an empty body if there is no response."""
    connection = HTTPConnection(HOST, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, HTTPException):
        return 0, "{}"
    finally:
        connection.close()
