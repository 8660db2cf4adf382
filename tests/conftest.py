"""Fixtures for all tests, and what holds for all of them."""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.on_demand",
    "tests.support.kafka",
    "tests.support.command_line",
    "tests.support.kube.fixtures",
]

# How long an example takes says more about the machine than about the code. Where a change has to pass the examples
# are the same every time: new ones are for whoever can look at what they find.
settings.register_profile(
    "darkroom", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("darkroom")
