"""Fixtures for all tests, and what holds for all of them."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.support.on_demand",
    "tests.support.kafka",
    "tests.support.command_line",
    "tests.support.kube.fixtures",
]

# How long an example takes says more about the machine than about the code.
settings.register_profile("darkroom", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("darkroom")
