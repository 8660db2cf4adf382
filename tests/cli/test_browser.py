"""Web pages of other sites in this machine's browser can't use the service of a `darkroom up`."""

import subprocess

import httpx
import pytest

from tests.support.services.command_line import IMAGES

THREE = IMAGES / "digit-0023-label-three.png"
IMAGES_PATH = "/v1/pipelines/demo/digits/images"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}],
    ids=["a page of another site", "a page without an origin", "a name that resolves to this machine"],
)
def test_a_page_of_another_site_can_neither_send_images_nor_read(digits: str, headers: dict[str, str]) -> None:
    files = {"image": ("three.png", THREE.read_bytes(), "image/png")}
    with httpx.Client(base_url=digits, headers=headers) as page:
        sent = page.post(IMAGES_PATH, files=files)
        read = page.get("/v1/pipelines")
    assert [(answer.status_code, answer.json()["title"]) for answer in (sent, read)] == [
        (403, "Request of another site"),
    ] * 2


def test_curl_and_the_services_own_pages_can_send_images(digits: str) -> None:
    url = f"{digits}{IMAGES_PATH}"
    command = ["curl", "-sS", "-H", "Content-Type: image/png", "--data-binary", f"@{THREE}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert '"topic": "demo.digits.images"' in done.stdout
    assert httpx.get(f"{digits}/v1/pipelines", headers={"Origin": digits}).status_code == 200
