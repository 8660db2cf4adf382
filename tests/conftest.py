"""Fixtures for all tests."""

pytest_plugins = ["tests.support.on_demand", "tests.support.kafka", "tests.support.kube.fixtures"]
