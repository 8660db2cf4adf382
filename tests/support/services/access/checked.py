"""A service that checks its callers, for the tests and pictures of the console: three callers, and single sign-on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Page

from darkroom_cli.processes.ports import Reservation
from tests.support.oidc.provider import CLIENT_ID, CLIENT_SECRET, oidc_provider
from tests.support.services.ingestion import Pipeline, Service

Who = Literal["admin", "viewer", "submitter"]
_RIGHTS: Final = {
    "admin": ["Submit", "Read", "ReadDeadLetters", "Redrive"],
    "viewer": ["Read", "ReadDeadLetters"],
    "submitter": ["Submit"],
}


@dataclass(frozen=True)
class Checked:
    """The service at `url`, with the id of an image."""

    url: str
    image: str

    def sign_in(self, page: Page, who: Who) -> None:
        """Sign in, in a page that shows the form."""
        page.get_by_label("Token").fill(_token(who))
        page.get_by_role("button", name="Sign in", exact=True).click()


@contextmanager
def checked_service(folder: Path, pipeline: Pipeline, image: bytes) -> Iterator[Checked]:
    """Serve `pipeline`, whose topics exist, until the end of the block. Members of the group `staff` may read it."""
    entries = [{"name": who, "token": _token(who), "rights": rights} for who, rights in _RIGHTS.items()]
    entries.append({"oidcGroup": "oidc:staff", "rights": ["Read"]})
    content = {"tokens": [entry | {"pipelines": [f"{pipeline.namespace}/*"]} for entry in entries]}
    (folder / "tokens.json").write_text(json.dumps(content))
    (folder / "secret").write_text(CLIENT_SECRET)
    reserved = Reservation()
    # Of another site than the provider at 127.0.0.1.
    url = f"http://localhost:{reserved.port}"
    with oidc_provider(folder, [f"{url}/v1/session/callback"]) as provider:
        options = [
            *("--token-file", str(folder / "tokens.json"), "--oidc-issuer", provider.issuer),
            *("--oidc-client-id", CLIENT_ID, "--oidc-client-secret-file", str(folder / "secret")),
        ]
        service = Service(folder, [pipeline], options, port=reserved.port)
        try:
            service.start()
            with service.client as client:
                headers = {"Authorization": f"Bearer {_token('admin')}", "Content-Type": "application/octet-stream"}
                sent = client.post(f"{pipeline.path}/images", content=image, headers=headers)
            yield Checked(url, sent.json()["id"])
        finally:
            service.kill()
            reserved.release()


def _token(who: str) -> str:
    return f"token-of-the-{who}"
