"""What several callers leave behind: idempotency keys of their own, redrives in their name, and the audit log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.services.access.audit_log import audit_lines
from tests.support.services.ingestion import JPEG, Pipeline, Service
from tests.support.until import until

RIGHTS = ["Submit", "Read", "ReadDeadLetters", "Redrive"]


def write_tokens(file: Path, pipeline: Pipeline, **rights: list[str]) -> dict[str, str]:
    """Write a token file. Returns the callers' tokens."""
    tokens = {name: f"the-secret-token-of-{name}" for name in rights}
    entries = [
        {"name": name, "token": tokens[name], "pipelines": [f"{pipeline.namespace}/*"], "rights": of_caller}
        for name, of_caller in rights.items()
    ]
    file.write_text(json.dumps({"tokens": entries}))
    file.chmod(0o600)
    return tokens


def sign_in_and_out(service: Service, token: str) -> None:
    """As a browser does, after a token that is not valid."""
    own_page = {"Sec-Fetch-Site": "same-origin"}
    with service.client as browser:
        for tried, status in (("a-token-of-nobody", 401), (token, 201)):
            assert browser.post("/v1/session", json={"token": tried}, headers=own_page).status_code == status
        assert browser.get("/v1/session", headers=own_page).json()["name"] == "alice"
        assert browser.delete("/v1/session", headers=own_page).status_code == 204
        assert browser.get("/v1/session", headers=own_page).status_code == 401


def test_callers_have_keys_of_their_own_and_everything_they_do_is_audited(
    start_service: Callable[..., Service], pipeline: Pipeline, tmp_path: Path
) -> None:
    token_file, audit_file = tmp_path / "tokens.json", tmp_path / "audit.log"
    tokens = write_tokens(token_file, pipeline, alice=RIGHTS, bob=RIGHTS, carol=["Read"])
    options = ["--token-file", str(token_file), "--audit-log", str(audit_file), "--workers", "2"]
    service = start_service(pipeline, options=options)

    def ask(method: str, path: str, caller: str, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {tokens[caller]}", "X-Request-Id": f"{caller}-{method}"}
        with service.client as client:
            answer = client.request(
                method, pipeline.path + path, headers=headers | options.pop("headers", {}), **options
            )
        return answer.status_code, answer.json() if "json" in answer.headers["Content-Type"] else answer.content

    jpeg = {"Content-Type": "image/jpeg"}
    once = jpeg | {"Idempotency-Key": "key"}
    status, of_alice = ask("POST", "/images", "alice", content=JPEG, headers=once)
    assert status == 202
    assert ask("POST", "/images", "alice", content=JPEG, headers=once) == (202, of_alice)
    status, of_bob = ask("POST", "/images", "bob", content=JPEG, headers=once)
    assert status == 202
    assert of_bob["id"] != of_alice["id"]

    status, plain = ask("POST", "/images", "alice", content=JPEG, headers=jpeg)
    assert status == 202
    files = [("file", ("a.jpg", JPEG, "image/jpeg"))] * 2
    assert ask("POST", "/images", "bob", files=files)[0] == 202
    content = f"/images/{of_alice['id']}/content"
    until(lambda: ask("GET", content, "carol")[0] == 200, "the image is known")
    assert ask("POST", "/images", "carol", content=JPEG, headers=jpeg)[0] == 403
    with service.client as client:
        assert client.get(pipeline.path, headers={"Authorization": "Bearer not-a-token"}).status_code == 401
    sign_in_and_out(service, tokens["alice"])
    pipeline.fail(of_alice)
    until(lambda: ask("GET", "/dead-letters", "bob")[1]["deadLetters"], "the dead letter is known")
    status, job = ask("POST", "/dead-letters/redrives", "bob", json={"stage": "classify", "all": True})
    assert (status, job["by"]) == (201, "bob")
    assert service.stop() == 0

    lines = audit_lines(audit_file)
    assert {(line["address"], line["logger"]) for line in lines} == {("127.0.0.1", "audit")}
    assert {line.get("pipeline") for line in lines} == {f"{pipeline.namespace}/{pipeline.name}", None}

    def of(**values: Any) -> list[dict[str, Any]]:
        return [line for line in lines if values.items() <= line.items()]

    submitted = of(event="Submit", caller="alice", method="TokenFile", status=202, request_id="alice-POST")
    assert sorted(line["image"] for line in submitted) == sorted([of_alice["id"], of_alice["id"], plain["id"]])
    assert of(event="Submit", caller="bob", image=of_bob["id"])
    assert of(event="Submit", caller="bob", count=2)
    assert of(event="Read", caller="carol", image=of_alice["id"], status=200)
    [refused] = of(event="Refused", status=403)
    assert (refused["caller"], refused["action"]) == ("carol", "Submit")
    assert refused["request"] == f"POST {pipeline.path}/images"
    assert of(event="Refused", status=401, caller="anonymous", method="None", request=f"GET {pipeline.path}")
    assert of(event="Refused", status=401, caller="anonymous", action="Login", request="POST /v1/session")
    assert len(of(event="Refused", status=401)) == 2
    assert of(event="Login", caller="alice", status=201)
    assert of(event="Logout", caller="alice", status=204)
    assert of(event="Redrive", caller="bob", redrive=job["id"], stage="classify", count=1, status=201)
    assert not [token for token in tokens.values() if token in audit_file.read_text()]
