"""Installs missing Debian packages on the host."""

import os
import shutil

from kind.commands import KindError, run
from kind.phases import phase

_INSTALL_TIMEOUT_S = 600
_INSTALLED = "installed"


def ensure_packages(packages: tuple[str, ...], purpose: str) -> None:
    """Install missing `packages`, if this is Debian (or Ubuntu) and this process is root.

    Raises:
        KindError: The packages can't be installed; the message lists them.
    """
    missing = [package for package in packages if not _is_installed(package)]
    if not missing:
        return
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        raise KindError(f"{purpose} needs these packages, by their Debian names: {names}")
    if os.geteuid() != 0:
        raise KindError(f"{purpose} needs packages that are missing: sudo apt-get install {names}")
    quietly = {"DEBIAN_FRONTEND": "noninteractive"}
    with phase(f"installing {names}"):
        run(["apt-get", "update", "-qq"], timeout_s=_INSTALL_TIMEOUT_S)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
        run(install, timeout_s=_INSTALL_TIMEOUT_S, environment=quietly)


def _is_installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    try:
        return run(["dpkg-query", "-Wf", "${db:Status-Status}", package], timeout_s=60) == _INSTALLED
    except KindError:
        return False
