"""YAML documents and the line of each field."""

import yaml

from darkroom_cli.manifests.documents import line_of


def test_the_line_of_a_path_that_is_not_there_is_that_of_its_nearest_part() -> None:
    node = yaml.compose("a:\n  b:\n    - c: 1\n    - d: 2\n")
    assert node is not None
    assert [line_of(node, path) for path in ("", "a.b", "a.b[1]", "a.b[1].d", "a.b[1].x", "a.b[7].x", "z")] == [
        1, 2, 4, 4, 4, 2, 1,
    ]  # fmt: skip
