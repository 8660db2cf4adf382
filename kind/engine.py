"""The container engine: docker or podman."""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kind.commands import KindError, run
from kind.host_packages import ensure_packages

_PODMAN_PACKAGES = ("podman", "runc", "conmon", "netavark", "aardvark-dns", "iptables", "nftables")
_RESTRICTED_CONF = Path(__file__).with_name("containers-restricted.conf")
_CAP_SYS_RESOURCE = 1 << 24
_PROBE_TIMEOUT_S = 30
_PULL_TIMEOUT_S = 900


@dataclass(frozen=True)
class Engine:
    """docker or podman, and the environment that it and kind need on this machine."""

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str | Path, timeout_s: float = 120, stdin: str = "", shown: bool = False) -> str:
        """The output of `docker` or `podman` with these arguments."""
        command = [self.name, *arguments]
        return run(command, timeout_s=timeout_s, environment=self.environment, stdin=stdin, shown=shown)

    def image_id(self, reference: str) -> str | None:
        """The id of a local image; None if it does not exist."""
        try:
            return self.run("image", "inspect", "--format", "{{.Id}}", reference).strip()
        except KindError:
            return None

    def image_bytes(self, reference: str) -> int:
        """The size of a local image, uncompressed, in bytes."""
        return int(self.run("image", "inspect", "--format", "{{.Size}}", reference))

    def remove_others(self, repository: str, keep: set[str]) -> None:
        """Remove the images of earlier builds from `repository`, except `keep` and those in use."""
        listed = self.run("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository).split()
        for former in set(listed) - keep:
            with suppress(KindError):
                self.run("image", "rm", former)

    def has_or_pulls(self, reference: str) -> bool:
        """Pull the image if it does not exist locally. Returns whether it exists."""
        if self.image_id(reference) is not None:
            return True
        try:
            self.run("manifest", "inspect", reference, timeout_s=_PROBE_TIMEOUT_S)
        except KindError:
            return False
        self.run("pull", reference, timeout_s=_PULL_TIMEOUT_S, shown=True)
        return True


def find_engine() -> Engine:
    """The engine that KIND_EXPERIMENTAL_PROVIDER names, else docker if its daemon responds, else podman.

    Raises:
        KindError: No engine works, and podman can't be installed.
    """
    wanted = os.environ.get("KIND_EXPERIMENTAL_PROVIDER")
    if wanted != "podman" and _answers("docker"):
        return Engine("docker", {"KIND_EXPERIMENTAL_PROVIDER": "docker", "DOCKER_BUILDKIT": "1"})
    if wanted == "docker":
        raise KindError("KIND_EXPERIMENTAL_PROVIDER is docker, but `docker info` fails: start its daemon")
    if shutil.which("podman") is None or os.geteuid() == 0:
        ensure_packages(_PODMAN_PACKAGES, "a cluster without docker")
    environment = {"KIND_EXPERIMENTAL_PROVIDER": "podman"}
    if _is_restricted():
        environment["CONTAINERS_CONF"] = str(_RESTRICTED_CONF)
    return Engine("podman", environment)


def _answers(engine: str) -> bool:
    if shutil.which(engine) is None:
        return False
    try:
        run([engine, "info"], timeout_s=_PROBE_TIMEOUT_S)
    except KindError:
        return False
    return True


def _is_restricted() -> bool:
    """Whether podman's defaults fail: root without CAP_SYS_RESOURCE can't raise limits, crun can't do cgroup v1."""
    if os.geteuid() != 0:
        return False
    status = Path("/proc/self/status").read_text(encoding="ascii")
    capabilities = int(status.split("CapEff:")[1].split()[0], 16)
    return not capabilities & _CAP_SYS_RESOURCE or not Path("/sys/fs/cgroup/cgroup.controllers").exists()
