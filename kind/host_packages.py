"""Installs missing Debian packages on the host."""

import os
import shutil

from kind.commands import KindError, run
from kind.phases import phase
from kind.settings import KIND_CACHE
from tests.support.made_once import locked

_INSTALL_TIMEOUT_S = 600
_OTHERS_TIMEOUT_S = 300
"""How long to wait for another program that installs packages, such as unattended-upgrades."""
_INSTALLED = "installed"


def ensure_packages(packages: tuple[str, ...], purpose: str) -> None:
    """Install missing `packages`, if this is Debian (or Ubuntu) and this process is root. One process does at a time.

    Raises:
        KindError: The packages can't be installed; the message lists them.
    """
    if _missing(packages):
        with locked(KIND_CACHE / "host-packages.lock"):
            if missing := _missing(packages):
                _install(missing, purpose)


def _missing(packages: tuple[str, ...]) -> list[str]:
    return [package for package in packages if not _is_installed(package)]


def _install(missing: list[str], purpose: str) -> None:
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        raise KindError(f"{purpose} needs these packages, by their Debian names: {names}")
    if os.geteuid() != 0:
        raise KindError(f"{purpose} needs packages that are missing: sudo apt-get install {names}")
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    wait = f"DPkg::Lock::Timeout={_OTHERS_TIMEOUT_S}"
    with phase(f"installing {names}"):
        run(["apt-get", "update", "-qq"], timeout_s=_INSTALL_TIMEOUT_S)
        install = ["apt-get", "install", "-y", "-qq", "-o", wait, "--no-install-recommends", *missing]
        run(install, timeout_s=_INSTALL_TIMEOUT_S, environment=quietly)


def _is_installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    try:
        return run(["dpkg-query", "-Wf", "${db:Status-Status}", package], timeout_s=60) == _INSTALLED
    except KindError:
        return False
