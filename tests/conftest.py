"""Fixtures and settings for all tests."""

import gc
import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.made_once import CACHE

pytest_plugins = [
    "tests.support.temporary_folder",
    "tests.support.cpu_times",
    "tests.support.dead_workers",
    "tests.support.on_demand",
    "tests.support.kafka",
    "tests.support.services.command_line",
    "tests.support.browser.fixtures",
    "tests.support.kube.fixtures",
]

# On import, jsonschema compiles the 38 grammars of rfc3987_syntax, which check IRIs: more than a second of CPU in each
# process of a run. Without it, it does not check them. No schema of ours has any; the test of the SBOM checks URIs.
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

# Where Python may not write bytecode, as in many containers, each of the several hundred processes of a run would
# compile everything that it imports: about half of its CPU time. They write it to the cache instead.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(CACHE / "bytecode"))

# How long an example takes says more about the machine than about the code. Where a change has to pass the examples
# are the same every time: new ones are for whoever can look at what they find.
settings.register_profile(
    "darkroom", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
# `make test-unit`, which runs many times a day, tries fewer examples than `make test`.
settings.register_profile("quick", settings.get_profile("darkroom"), max_examples=30)
settings.load_profile("darkroom")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Turn off the garbage collector while modules are imported, and have it pass over them afterwards.

    They remain until the process ends, and to traverse them is a fifth of the CPU time of a collection of tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
