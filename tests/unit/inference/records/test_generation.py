"""The generation of results and dead letters."""

from darkroom.stage_settings import Replay
from darkroom_inference.records.dead_letter import dead_letter
from darkroom_inference.records.generation import generation_of
from tests.support.services.image_records import example_image, example_settings


def test_the_running_replay_takes_precedence_over_the_images_generation() -> None:
    live = example_settings()
    replaying = live.model_copy(update={"replay": Replay(generation="second", ranges={})})
    assert generation_of(example_image(), live) is None
    assert generation_of(example_image(**{"darkroom-generation": "first"}), live) == "first"
    assert generation_of(example_image(**{"darkroom-generation": "first"}), replaying) == "second"
    letter = dead_letter(example_image(**{"darkroom-generation": "first"}), replaying, "DecodeError", "cut off")
    assert [value for name, value in letter.headers if name == "darkroom-generation"] == [b"second"]
    assert "darkroom-generation" not in dict(dead_letter(example_image(), live, "DecodeError", "cut off").headers)
