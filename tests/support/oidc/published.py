"""What an OpenID Connect provider publishes, over HTTP, with keys and tokens as a test wants them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

AUDIENCE = "darkroom"


class PublishedIssuer:
    """A provider at `url`, with one key at a time. `requests` are the paths that were asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.reset()

    def reset(self) -> None:
        """Be as at first, with another key."""
        self.requests: list[str] = []
        self.away = False
        self.metadata: dict[str, Any] = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        """Sign with a new key from now on, and publish no other."""
        self.key: EllipticCurvePrivateKey = generate_private_key(SECP256R1())
        self.key_id = key_id
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        self.keys = [public | {"kid": key_id, "use": "sig", "alg": "ES256"}]

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a valid token of alice, with those of `changed`."""
        now = int(time.time())
        valid = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 600, "groups": ["staff"]}
        return {name: value for name, value in (valid | changed).items() if value is not None}

    def token(self, **changed: Any) -> str:
        """An ID token with these claims, None for one that it lacks."""
        return jwt.encode(self.claims(**changed), self.key, "ES256", headers={"kid": self.key_id})

    def answer(self, path: str) -> dict[str, Any] | None:
        """The document at `path`."""
        self.requests.append(path)
        documents = {"/.well-known/openid-configuration": self.metadata, "/keys": {"keys": self.keys}}
        return None if self.away else documents.get(path)


@contextmanager
def published_issuer() -> Iterator[PublishedIssuer]:
    """Serve one until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = issuer.answer(self.path)
            content = json.dumps(document).encode()
            self.send_response(503 if document is None else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = PublishedIssuer(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield issuer
        finally:
            server.shutdown()
