"""A GET request to a server on this machine, cheap enough to poll: httpx reads every certificate authority first."""

import http.client


def http_get(port: int, path: str, timeout_s: float = 5.0) -> tuple[int, str]:
    """The status and the body of the response; status 0 if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
