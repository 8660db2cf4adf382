"""Build and check the web console in `console/`: `python -m scripts.console build | check | types`.

`build` writes the static files to the ingestion service's package, where its wheel takes them from, and does nothing
if they are newer than their sources.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.node import Node, NodeError, find_node
from tests.support.made_once import locked

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "console"
BUILT = ROOT / "services/ingestion/src/darkroom_ingestion/console"
SCHEMA = SOURCES / "src/api/schema.d.ts"
_MODULES = SOURCES / "node_modules"
_STATE = ROOT / ".build/console"
_INSTALL_S, _RUN_S = 600, 300


def main() -> int:
    """Run the command line; exit code 1 on failure."""
    parser = argparse.ArgumentParser(prog="python -m scripts.console", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the console, if its sources have changed")
    commands.add_parser("check", help="check types, style, tests, the generated types of the API, and the size")
    commands.add_parser("types", help="generate the types of the API from its OpenAPI document")
    command = parser.parse_args().command
    try:
        with locked(_STATE / "lock"):
            {"build": build, "check": check, "types": generate_types}[command]()
    except NodeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def build() -> None:
    """Build the console, unless the built files come from the same sources."""
    wanted, stamp = _content(SOURCES), _STATE / "built-from"
    if (BUILT / "index.html").exists() and stamp.exists() and stamp.read_text(encoding="ascii") == wanted:
        return
    node = _installed()
    print("building the console", flush=True)
    node.npm("run", "--silent", "build", "--", "--logLevel", "warn", folder=SOURCES, timeout_s=_RUN_S)
    stamp.write_text(wanted, encoding="ascii")


def check() -> None:
    """Check the console as `make console-check` does.

    Raises:
        NodeError: A check failed; its output is on the terminal.
    """
    node = _installed()
    for script in ("lint", "types", "test"):
        node.npm("run", "--silent", script, folder=SOURCES, timeout_s=_RUN_S)
    if SCHEMA.read_text(encoding="utf-8") != _generated_types(node):
        raise NodeError(f"{SCHEMA.relative_to(ROOT)} is stale: run `make console-types`")
    build()
    node.npm("run", "--silent", "budget", folder=SOURCES, timeout_s=_RUN_S)


def generate_types() -> None:
    """Write the types of the API."""
    SCHEMA.write_text(_generated_types(_installed()), encoding="utf-8")


def _generated_types(node: Node) -> str:
    with tempfile.TemporaryDirectory(prefix="console-types-") as folder:
        document, types = Path(folder) / "openapi.json", Path(folder) / "schema.d.ts"
        with document.open("wb") as output:
            subprocess.run([sys.executable, "-m", "scripts.openapi"], cwd=ROOT, stdout=output, check=True)
        program = ("exec", "--", "openapi-typescript", document, "--output", types)
        node.npm(*program, folder=SOURCES, timeout_s=_RUN_S, quiet=True)
        return types.read_text(encoding="utf-8")


def _installed() -> Node:
    """Node, after the packages of package-lock.json have been installed."""
    node = find_node()
    lock = hashlib.sha256((SOURCES / "package-lock.json").read_bytes()).hexdigest()
    stamp = _MODULES / ".installed-from"
    if not stamp.exists() or stamp.read_text(encoding="ascii") != lock:
        print("installing the console's packages", flush=True)
        node.npm("ci", "--no-audit", "--no-fund", folder=SOURCES, timeout_s=_INSTALL_S, quiet=True)
        stamp.write_text(lock, encoding="ascii")
    return node


def _content(folder: Path) -> str:
    """A hash of the names and bytes of all sources."""
    content = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_relative_to(_MODULES):
            content.update(f"\0{file.relative_to(folder)}\0".encode())
            content.update(file.read_bytes())
    return content.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
