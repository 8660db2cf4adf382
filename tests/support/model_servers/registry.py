"""The distribution project's registry on this machine, built from its Go module."""

import base64
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import yaml

from darkroom_cli.processes.ports import Reservation
from tests.support.kube.child_process import ChildProcess
from tests.support.kube.go_programs import GoModule, go_program
from tests.support.network.http_get import http_get

USERNAME, PASSWORD = "reader", "password"
BASIC = "Basic " + base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
_HTPASSWD = f"{USERNAME}:$2a$04$Uf6Fsn9y4vbhDlDASpVb0.P1dZ2nHyIvBiws1ftCY.QbeCK8ciD8.\n"
_MODULE = GoModule(Path(__file__).parent / "go/registry", "github.com/distribution/distribution/v3", package=".")
_START_TIMEOUT_S = 60.0


def registry_program() -> Path:
    """The registry, from the cache or built now (a minute)."""
    return go_program(_MODULE, "registry")


class Registry(AbstractContextManager["Registry"]):
    """A registry with its files in `folder`, for as long as the block runs.

    Args:
        folder: for its configuration, files and log.
        auth: the section `auth` of its configuration; None for a registry that asks for nothing.
    """

    def __init__(self, folder: Path, auth: Mapping[str, Any] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "registry.log"
        self._configuration = folder / "registry.yaml"
        self._port = Reservation()
        self.host = f"127.0.0.1:{self._port.port}"
        content: dict[str, Any] = {
            "version": 0.1,
            "log": {"level": "info"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "files")}, "delete": {"enabled": True}},
            "http": {"addr": self.host},
        }
        if auth is not None:
            content["auth"] = dict(auth)
        self._configuration.write_text(yaml.safe_dump(content))

    def __enter__(self) -> Self:
        self._process = ChildProcess([registry_program(), self._configuration], self._log)
        self._process.wait_until(self._answers, _START_TIMEOUT_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._port.release()

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def requests(self) -> str:
        """The log of its requests."""
        return self._log.read_text()

    def _answers(self) -> bool:
        return http_get(self._port.port, "/v2/")[0] in {200, 401}


def htpasswd(folder: Path) -> dict[str, Any]:
    """The section `auth` for basic authentication of USERNAME with PASSWORD."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "htpasswd"
    file.write_text(_HTPASSWD)
    return {"htpasswd": {"realm": "darkroom", "path": str(file)}}
