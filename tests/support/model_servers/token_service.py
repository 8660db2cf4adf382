"""A token service for a registry, as the distribution project specifies it, with signed tokens."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISSUER, SERVICE, _KEY_ID = "darkroom-tests", "registry", "key-1"
_COORDINATE_BYTES = 32


class TokenService(ThreadingHTTPServer):
    """Gives tokens to read any repository.

    Attributes:
        accepts: the Authorization headers that get a token; None gives one to everybody.
        refresh_token: the OAuth refresh token that gets a token.
        granted: how each token was asked for: "anonymous", "basic" or "refresh".
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.accepts: set[str] | None = None
        self.refresh_token = ""
        self.granted: list[str] = []

    def auth(self, folder: Path) -> dict[str, Any]:
        """The section `auth` of a registry that trusts this service."""
        point = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": _KEY_ID, "alg": "ES256", "use": "sig"}
        key |= {
            name: _encoded(value.to_bytes(_COORDINATE_BYTES, "big")) for name, value in (("x", point.x), ("y", point.y))
        }
        folder.mkdir(parents=True, exist_ok=True)
        jwks = folder / "jwks.json"
        jwks.write_text(json.dumps({"keys": [key]}))
        realm = f"http://127.0.0.1:{self.server_port}/token"
        return {
            "token": {
                "realm": realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "jwks": str(jwks),
                "signingalgorithms": ["ES256"],
            }
        }

    def token(self, scope: str, actions: list[str] | None = None) -> str:
        """A signed token for `scope`, such as repository:digits:pull."""
        kind, _, rest = scope.partition(":")
        name, _, asked = rest.rpartition(":")
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": "",
            "aud": SERVICE,
            "iat": now,
            "nbf": now - 60,
            "exp": now + 300,
            "jti": "1",
            "access": [{"type": kind, "name": name, "actions": actions or asked.split(",")}],
        }
        header = {"alg": "ES256", "typ": "JWT", "kid": _KEY_ID}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encoded(b''.join(n.to_bytes(_COORDINATE_BYTES, 'big') for n in (r, s)))}"


class _Answer(BaseHTTPRequestHandler):
    server: TokenService

    def do_GET(self) -> None:
        given = self.headers.get("Authorization")
        if self.server.accepts is not None and given not in self.server.accepts:
            self._answer(401, {"errors": []})
            return
        self.server.granted.append("basic" if given else "anonymous")
        (scope,) = parse_qs(urlsplit(self.path).query)["scope"]
        self._answer(200, {"token": self.server.token(scope)})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form.get("refresh_token") != [self.server.refresh_token] or form["grant_type"] != ["refresh_token"]:
            self._answer(400, {"error": "invalid_grant"})
            return
        self.server.granted.append("refresh")
        self._answer(200, {"access_token": self.server.token(form["scope"][0])})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def token_service() -> Iterator[TokenService]:
    """A TokenService for as long as the block runs."""
    with TokenService() as service:
        thread = threading.Thread(target=service.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            service.shutdown()
            thread.join()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
