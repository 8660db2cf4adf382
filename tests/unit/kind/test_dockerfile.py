"""What the Dockerfile says of the images: the base by digest, no root, labels, and an SBOM in each."""

import re

import pytest

from darkroom import __version__
from kind.base_image import published_base
from kind.settings import CHECKOUT

_STAGE = re.compile(r"^FROM (?P<base>\S+) AS (?P<name>\S+)\n(?P<body>.*?)(?=^FROM |\Z)", re.MULTILINE | re.DOTALL)
_STAGES = {stage["name"]: stage for stage in _STAGE.finditer((CHECKOUT / "Dockerfile").read_text(encoding="utf-8"))}
IMAGES = ("operator", "ingestion", "inference", "inference-gpu", "inference-openvino")


def test_the_base_is_pinned_by_digest() -> None:
    assert re.fullmatch(r"docker\.io/library/python:[\w.-]+@sha256:[0-9a-f]{64}", published_base())


def test_every_stage_without_a_user_of_its_own_is_not_root() -> None:
    assert re.findall(r"^USER (.*)$", _STAGES["base"]["body"], re.MULTILINE) == ["10001:10001"]
    for name in IMAGES:
        assert _STAGES[name]["base"] == "base"
        assert "USER" not in _STAGES[name]["body"]
        assert "RUN" not in _STAGES[name]["body"], "nothing is built as part of an image"


def test_all_images_have_the_version_their_base_and_a_licence() -> None:
    body = _STAGES["base"]["body"]
    assert f"ARG VERSION={__version__}\n" in body
    assert {"vendor", "licenses", "version", "base.name"} == labels(body)


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_has_a_title_a_description_and_an_sbom(name: str) -> None:
    body = _STAGES[name]["body"]
    assert labels(body) == {"title", "description"}
    assert f'image.title="darkroom-{name}"' in body
    path = f"/usr/share/sbom/darkroom-{name}.cdx.json"
    assert f'dev.darkroom.sbom="{path}"' in body
    assert f"COPY --from={name}-sbom /sbom /\n" in body
    assert re.search(rf"scripts\.sbom darkroom-{name} .*> /sbom{path}$", _STAGES[f"{name}-sbom"]["body"], re.MULTILINE)


def labels(body: str) -> set[str]:
    return set(re.findall(r"org\.opencontainers\.image\.([\w.]+)=", body))
