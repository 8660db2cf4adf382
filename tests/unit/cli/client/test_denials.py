"""What a user reads after 401 and 403."""

import base64
import json

import httpx
import pytest

from darkroom_cli.client.denials import advice, role, subject

BASE = "http://127.0.0.1:8080/v1/pipelines/demo/digits"


def token(subject: object) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": subject}).encode()).decode().rstrip("=")
    return f"Bearer e30.{claims}.c2ln"


CAMERA = token("system:serviceaccount:cameras:gate")


def test_a_request_without_a_token_is_told_the_ways_to_give_one() -> None:
    said = advice(401, httpx.Request("GET", BASE)) or ""
    assert "--token-file, DARKROOM_TOKEN_FILE or DARKROOM_TOKEN" in said
    assert "`kubectl create token NAME -n NAMESPACE --audience darkroom`" in said


def test_a_refused_token_of_a_service_account_is_made_anew() -> None:
    said = advice(401, httpx.Request("GET", BASE, headers={"Authorization": CAMERA}))
    assert said == "make a new one with `kubectl create token gate -n cameras --audience darkroom`"


@pytest.mark.parametrize(
    ("method", "path", "name", "binding", "granted", "to"),
    [
        ("POST", "/images", "system:serviceaccount:cams:gate", "gate", "submitter", "--serviceaccount cams:gate"),
        ("GET", "/images/1/content", "ada@example.com", "NAME", "viewer", "--user ada@example.com"),
        ("POST", "/dead-letters/redrive", "system:serviceaccount:a:ops", "ops", "admin", "--serviceaccount a:ops"),
    ],
)
def test_a_missing_right_is_granted_by_a_command(
    method: str, path: str, name: str, binding: str, granted: str, to: str
) -> None:
    said = advice(403, httpx.Request(method, BASE + path, headers={"Authorization": token(name)}))
    command = f"kubectl create rolebinding {binding}-{granted} -n demo --clusterrole darkroom-{granted} {to}"
    assert said == f"an administrator of namespace demo grants it with `{command}`"


def test_the_rights_of_other_tokens_are_a_matter_of_the_service() -> None:
    said = advice(403, httpx.Request("GET", BASE, headers={"Authorization": "Bearer opaque"}))
    assert said == "ask an administrator of the service for rights on pipeline demo/digits"


@pytest.mark.parametrize(
    "text", ["", "opaque", "a.b", "a.!!!.c", f"a.{base64.b64encode(b'[1]').decode()}.c", token(7), token("a\nb")]
)
def test_no_name_is_read_from_other_tokens(text: str) -> None:
    assert subject(text) is None


def test_reading_dead_letters_needs_the_viewer_and_redriving_them_the_admin() -> None:
    assert role("GET", "/dead-letters") == "viewer"
    assert role("DELETE", "/dead-letters/redrives/1") == "admin"


def test_other_statuses_need_no_advice() -> None:
    assert advice(404, httpx.Request("GET", BASE)) is None
