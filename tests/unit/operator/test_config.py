"""The operator's options."""

from darkroom_operator.config import parse_config


def test_the_command_line_overrides_the_environment() -> None:
    environment = {"DARKROOM_WORKER_IMAGE": "a", "DARKROOM_WATCH_NAMESPACES": "x, y", "DARKROOM_RECONCILE_THREADS": "3"}
    config = parse_config(["--worker-image", "b"], environment)
    assert (config.worker_image, config.namespaces, config.threads) == ("b", ("x", "y"), 3)
