"""Debian root file systems, from the mirror of this machine's apt."""

import os
import re
import shutil
from pathlib import Path

from kind.commands import KindError, run
from kind.host_packages import ensure_packages
from kind.settings import KIND_CACHE

# Always bookworm: its systemd 252 still boots on cgroup v1, and its Python is 3.11.
RELEASE = "bookworm"
_DEBOOTSTRAP_TIMEOUT_S = 1800
_NOT_NEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache/apt",
    "var/lib/apt/lists",
)


def make_root(root: Path, packages: tuple[str, ...]) -> None:
    """Create a minimal Debian with `packages` in the folder `root`, which is replaced.

    Raises:
        KindError: This process is not root, or debootstrap failed.
    """
    if os.geteuid() != 0:
        raise KindError("without a container registry images are built with debootstrap, which needs root: use sudo")
    ensure_packages(("debootstrap",), "building images without a container registry")
    packages_cache = KIND_CACHE / "debs"
    packages_cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    root.parent.mkdir(parents=True, exist_ok=True)
    options = ["--variant=minbase", f"--cache-dir={packages_cache}", f"--include={','.join(packages)}"]
    run(["debootstrap", *options, RELEASE, root, *_mirror()], timeout_s=_DEBOOTSTRAP_TIMEOUT_S)
    for path in _NOT_NEEDED:
        shutil.rmtree(root / path, ignore_errors=True)


def _mirror() -> list[str]:
    """The mirror; empty for debootstrap's default."""
    if shutil.which("apt-get") is None:
        return []
    listed = run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(ORIGIN) $(RELEASE) $(COMPONENT) $(REPO_URI)",
            "Created-By: Packages",
        ],
        timeout_s=60,
    )
    # A suite such as bookworm-updates is incomplete.
    found = re.search(r"^Debian [^\s-]+ main (\S+)$", listed, re.MULTILINE)
    return [found[1]] if found else []
