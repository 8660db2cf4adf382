"""`python -m kind up | down | images | sbom | env`: used by `make kind-up`, `kind-down`, `images`, `sbom` and `e2e`."""

import argparse
import os
import shlex
import sys
import time

from kind.cluster import down, find, helm_program, up
from kind.commands import KindError
from kind.engine import find_engine
from kind.images import SERVICES, build_images, load_images
from kind.sboms import copy_sboms
from kind.settings import CLUSTER


def main() -> int:
    """Run the command line; exit code 1 on failure."""
    parser = argparse.ArgumentParser(prog="python -m kind", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="create the cluster if it does not exist, and wait until it is ready")
    commands.add_parser("down", help="delete the cluster")
    images = commands.add_parser("images", help="build the container images")
    images.add_argument("--load", action="store_true", help="also load them into the cluster, which must be running")
    commands.add_parser("sbom", help="build the container images, and copy their SBOMs to .build/sbom")
    commands.add_parser("env", help='shell settings for kind, kubectl and helm: eval "$(python -m kind env)"')
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        _do(arguments)
    except KindError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if arguments.command != "env":
        print(f"== {arguments.command}: {time.monotonic() - started:.1f} s in total", flush=True)
    return 0


def _do(arguments: argparse.Namespace) -> None:
    engine = find_engine()
    match arguments.command:
        case "up":
            cluster = up(engine)
            print(f"cluster {CLUSTER} is up: kubectl --context kind-{CLUSTER} get nodes")
            cluster.run_kubectl("get", "nodes", "-o", "wide", shown=True)
        case "down":
            down(engine)
        case "images":
            images = build_images(engine)
            if arguments.load:
                load_images(find(engine), images)
        case "sbom":
            for copy in copy_sboms(engine, build_images(engine, SERVICES)):
                print(copy)
        case "env":
            cluster = find(engine)
            programs = (cluster.kind, cluster.kubectl, helm_program())
            path = ":".join([*(str(program.parent) for program in programs), os.environ["PATH"]])
            for name, value in {"PATH": path, "KUBECONFIG": str(cluster.kubeconfig), **engine.environment}.items():
                print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    sys.exit(main())
