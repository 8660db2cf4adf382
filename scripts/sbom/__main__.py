"""Print the SBOM of the image in which this runs: `python -m scripts.sbom IMAGE --package NAME`.

It needs only the standard library. The Python packages are those of the running interpreter's environment, and of the
Python beneath it.
"""

import argparse
import platform
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

from scripts.sbom.component import Component, package_url
from scripts.sbom.debian_packages import operating_system
from scripts.sbom.document import document
from scripts.sbom.npm_packages import console
from scripts.sbom.python_packages import python_packages


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.sbom", description=__doc__)
    parser.add_argument("image", help="name of the image")
    parser.add_argument("--package", required=True, help="the Python package that the image runs")
    parser.add_argument(
        "--console", type=Path, metavar="package-lock.json", help="list the packages of the web console"
    )
    options = parser.parse_args()
    sys.stdout.write(sbom(options.image, options.package, options.console, Path("/")))


def sbom(image: str, package: str, console_lock: Path | None, root: Path) -> str:
    """The SBOM of `image`, whose Debian packages are those of `root`."""
    release = version(package)
    python = Component(
        name="python",
        version=platform.python_version(),
        purl=package_url("generic", "python", platform.python_version()),
        license="PSF-2.0",
        type="application",
    )
    libraries = python_packages(site_packages())
    system = operating_system(root)
    web = console(console_lock, release) if console_lock else []
    # Of each list but that of the libraries, the first component depends on the rest.
    (ours,) = (library.purl for library in libraries if library.name == package)
    top = [python.purl, ours, *(parts[0].purl for parts in (system, web) if parts)]
    return document(image, release, [python, *libraries, *system, *web], top)


def site_packages() -> list[str]:
    """The folders of packages of the environment, then of the Python that it was made with."""
    beneath = sysconfig.get_path("purelib", "posix_prefix", {"base": sys.base_prefix})
    return list(dict.fromkeys([*(sysconfig.get_path(kind) for kind in ("purelib", "platlib")), beneath]))


if __name__ == "__main__":
    main()
