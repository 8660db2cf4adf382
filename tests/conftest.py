"""Fixtures for all tests."""

pytest_plugins = [
    "tests.support.on_demand",
    "tests.support.kafka",
    "tests.support.command_line",
    "tests.support.kube.fixtures",
]
