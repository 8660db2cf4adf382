"""Programs built from Go modules, for machines with only a module proxy.

Each folder below `go/` is a module that imports the programs to build: its go.mod and go.sum lock all dependencies
by hash.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.downloads.pypi_programs import pypi_program
from tests.support.made_once import CACHE, made_once

PROGRESS_EVERY_S = 15.0
_ENVIRONMENT = {
    **os.environ,
    "CGO_ENABLED": "0",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
    "GOFLAGS": "-mod=readonly",
}


@dataclass(frozen=True)
class GoModule:
    """A folder with a go.mod, and the packages of its programs."""

    folder: Path
    path: str
    ldflags: str = "-s -w"
    package: str = "{path}/cmd/{name}"

    @property
    def go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()

    @property
    def version(self) -> str:
        """The locked version of the module at `path`, such as "v1.34.4"."""
        found = re.search(rf"^(?:require |\t){re.escape(self.path)} (v\S+)$", self.go_mod, re.MULTILINE)
        if found is None:
            raise LookupError(f"{self.folder / 'go.mod'} does not require {self.path}")
        return found[1]

    @property
    def go_version(self) -> tuple[int, ...]:
        """The minimum version of Go for the module."""
        found = re.search(r"^go ([\d.]+)$", self.go_mod, re.MULTILINE)
        if found is None:
            raise LookupError(f"{self.folder / 'go.mod'} has no line `go ...`")
        return tuple(int(number) for number in found[1].split("."))

    @property
    def built(self) -> Path:
        """The cache folder for programs built from this lock."""
        own = b"".join(path.read_bytes() for path in sorted(self.folder.rglob("main.go")))
        lock = hashlib.sha256((self.folder / "go.sum").read_bytes() + self.go_mod.encode() + own).hexdigest()
        return CACHE / "go" / f"{self.folder.name}-{self.version}-{lock[:8]}"


MODULES = Path(__file__).parent / "go"
# Without these, the version of Kubernetes is v0.0.0-master, which clients compare versions with.
_KUBERNETES_LDFLAGS = (
    "-s -w -X k8s.io/component-base/version.gitVersion={version} -X k8s.io/client-go/pkg/version.gitVersion={version} "
    "-X k8s.io/component-base/version.gitMajor={major} -X k8s.io/component-base/version.gitMinor={minor}"
)
KUBERNETES = GoModule(MODULES / "kubernetes", "k8s.io/kubernetes", _KUBERNETES_LDFLAGS)
# The oldest version that Darkroom supports: only the API server and its controllers.
OLDEST_KUBERNETES = GoModule(MODULES / "kubernetes-oldest", "k8s.io/kubernetes", _KUBERNETES_LDFLAGS)
HELM = GoModule(MODULES / "helm", "helm.sh/helm/v3", "-s -w -X helm.sh/helm/v3/internal/version.version={version}")


def go_program(module: GoModule, name: str) -> Path:
    """The program `name` of `module`, from the cache or built now (minutes)."""
    return made_once(module.built / name, lambda target: _build(module, name, target))


def module_source(module: GoModule) -> Path:
    """The folder of the locked module at `module.path` in Go's cache. Read-only."""
    return Path(download_module(module.go_version, module.path, module.folder)["Dir"])


def download_module(go_version: tuple[int, ...], module: str, folder: Path | None = None) -> dict[str, str]:
    """What `go mod download` says of `module`: a path that the go.mod in `folder` locks, or `path@version`."""
    command = [str(_go(go_version)), "mod", "download", "-json", module]
    done = subprocess.run(
        command,
        cwd=folder or Path("/"),
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} in {folder} failed:\n{done.stdout}{done.stderr}")
    about: dict[str, str] = json.loads(done.stdout)
    return about


def _build(module: GoModule, name: str, target: Path) -> None:
    go = _go(module.go_version)
    package = module.package.format(path=module.path, name=name)
    major, minor, _ = module.version.removeprefix("v").split(".", 2)
    ldflags = module.ldflags.format(version=module.version, major=major, minor=minor)
    build = [str(go), "build", "-v", "-trimpath", "-ldflags", ldflags, "-o", str(target), package]
    print(f"building {package} {module.version} with {go}", flush=True)
    started = time.monotonic()
    compiled, shown, tail = 0, started, list[str]()
    with subprocess.Popen(build, cwd=module.folder, env=_ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            compiled += 1
            tail = [*tail[-20:], line]
            if time.monotonic() - shown >= PROGRESS_EVERY_S:
                shown = time.monotonic()
                print(f"  {name}: {compiled} packages, {shown - started:.0f} s, {line.strip()}", flush=True)
    if process.returncode:
        raise RuntimeError(f"{' '.join(build)} in {module.folder} failed with {process.returncode}:\n{''.join(tail)}")
    print(f"  {name}: {time.monotonic() - started:.0f} s, {target.stat().st_size / 2**20:.0f} MiB", flush=True)


def _go(needed: tuple[int, ...]) -> Path:
    """The installed Go if it is new enough, else the one from PyPI."""
    installed = shutil.which("go")
    if installed is not None:
        said = subprocess.run([installed, "env", "GOVERSION"], capture_output=True, text=True, check=True, timeout=60)
        found = re.match(r"go(\d+)\.(\d+)", said.stdout)
        if found is not None and (int(found[1]), int(found[2])) >= needed[:2]:
            return Path(installed)
    return pypi_program("go")
