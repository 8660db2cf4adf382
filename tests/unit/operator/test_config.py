"""The operator's options."""

from darkroom_operator.config import parse_config


def test_an_option_may_come_from_the_environment_and_the_command_line_comes_first() -> None:
    environment = {"DARKROOM_WORKER_IMAGE": "a", "DARKROOM_WATCH_NAMESPACES": "x, y", "DARKROOM_RECONCILE_THREADS": "3"}
    config = parse_config(["--worker-image", "b"], environment)
    assert (config.worker_image, config.namespaces, config.threads) == ("b", ("x", "y"), 3)
