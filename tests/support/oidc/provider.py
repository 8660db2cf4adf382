"""A real OpenID Connect provider: the npm package oidc-provider, which is certified, as a process."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from darkroom_cli.processes.ports import Reservation
from scripts.node import find_node
from tests.support.made_once import CACHE, made_once
from tests.support.network.http_get import http_get
from tests.support.until import until

CLIENT_ID, CLIENT_SECRET = "darkroom", "secret of the client"
_HERE = Path(__file__).parent
_FILES = ("package.json", "package-lock.json")
_OWN_REDIRECT_URI = "http://127.0.0.1:9/own"
_SEE_OTHER = 303


class OidcProvider:
    """The provider at `issuer`. Its users are those that a test names."""

    def __init__(self, folder: Path, redirect_uris: Sequence[str]) -> None:
        self._keys, self._redirect_uris = folder / "keys.json", [*redirect_uris, _OWN_REDIRECT_URI]
        self._reservation = Reservation()
        self.port = self._reservation.port
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, key_id: str) -> None:
        """Serve with a new key."""
        key = RSAAlgorithm.to_jwk(rsa.generate_private_key(65_537, 2_048), as_dict=True)
        key.pop("key_ops", None)
        self._keys.write_text(json.dumps({"keys": [key | {"kid": key_id, "use": "sig", "alg": "RS256"}]}))
        command = [find_node().program, _HERE / "provider.mjs", _packages(), str(self.port), self._keys]
        self._process = subprocess.Popen(
            [*command, *self._redirect_uris],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(lambda: http_get(self.port, "/jwks")[0] == httpx.codes.OK, "the provider serves")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Stop, and release the port."""
        self.stop()
        self._reservation.release()

    def sign_in(self, address: str, user: str) -> str:
        """Sign in as `user` in a browser that is sent to `address`. Returns where it is sent back to."""
        with httpx.Client(timeout=30) as browser:
            answer = browser.get(address)
            while True:
                if answer.status_code == _SEE_OTHER:
                    address = urljoin(address, answer.headers["location"])
                    if not address.startswith(self.issuer):
                        return address
                    answer = browser.get(address)
                    continue
                assert answer.status_code == httpx.codes.OK, answer.text
                form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
                prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                assert form is not None, answer.text
                assert prompt is not None, answer.text
                answer = browser.post(form[1], data={"prompt": prompt[1], "login": user, "password": "any"})

    def id_token(self, user: str) -> str:
        """An ID token that a program of `user` has got."""
        verifier, challenge = "v" * 43, "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
        query = {
            "client_id": CLIENT_ID,
            "redirect_uri": _OWN_REDIRECT_URI,
            "response_type": "code",
            "scope": "openid groups",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        back = self.sign_in(f"{self.issuer}/auth?{urlencode(query)}", user)
        code = parse_qs(urlsplit(back).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _OWN_REDIRECT_URI,
            "code_verifier": verifier,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        }
        answer = httpx.post(f"{self.issuer}/token", data=form)
        assert answer.status_code == httpx.codes.OK, answer.text
        return str(answer.json()["id_token"])


@contextmanager
def oidc_provider(folder: Path, redirect_uris: Sequence[str]) -> Iterator[OidcProvider]:
    """A provider with the key `first`, until the end of the block."""
    provider = OidcProvider(folder, redirect_uris)
    try:
        provider.start("first")
        yield provider
    finally:
        provider.close()


def _packages() -> Path:
    """The folder with the provider's packages, installed to the cache at the first time."""
    lock = hashlib.sha256((_HERE / "package-lock.json").read_bytes()).hexdigest()[:8]
    return made_once(CACHE / "npm" / f"oidc-provider-{lock}", _install)


def _install(folder: Path) -> None:
    folder.mkdir()
    for name in _FILES:
        shutil.copy(_HERE / name, folder)
    find_node().npm("ci", "--no-audit", "--no-fund", folder=folder, timeout_s=300, quiet=True)
