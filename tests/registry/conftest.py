"""Fixtures of the tests against a real registry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_servers.registry import Registry


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no credentials of the user's."""
    monkeypatch.setenv("DARKROOM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in ("OCI_USERNAME", "OCI_PASSWORD", "DOCKER_AUTH_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that asks for no credentials."""
    with Registry(tmp_path_factory.mktemp("registry")) as registry:
        yield registry
