"""Options that come from the environment."""

from pathlib import Path

import pytest

from darkroom_inference.lifecycle.options import InvalidOption, Options


def test_options_come_from_the_environment() -> None:
    assert Options.from_environment({}) == Options(60.0, "consumer")
    chosen = {
        "DARKROOM_IMAGE_DEADLINE_S": "1.5",
        "DARKROOM_GROUP_PROTOCOL": "classic",
        "DARKROOM_CACHE_DIR": "/cache",
    }
    assert Options.from_environment(chosen) == Options(1.5, "classic", cache_folder=Path("/cache"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DARKROOM_IMAGE_DEADLINE_S", "soon"),
        ("DARKROOM_IMAGE_DEADLINE_S", "0"),
        ("DARKROOM_IMAGE_DEADLINE_S", "nan"),
        ("DARKROOM_IMAGE_DEADLINE_S", "3601"),
        ("DARKROOM_GROUP_PROTOCOL", "share"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidOption, match=f"{name} is '{value}'"):
        Options.from_environment({name: value})
