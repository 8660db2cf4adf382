"""`submit`, `results` and `dead-letters` against a running service."""

import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.services.command_line import DARKROOM, IMAGES, darkroom
from tests.support.until import until

ONE = IMAGES / "digit-0011-label-one.jpg"
THREE = IMAGES / "digit-0023-label-three.png"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A JPEG with a good header and a broken body."""
    file = tmp_path / f"broken-{uuid.uuid4().hex}.jpg"
    whole = ONE.read_bytes()
    scan = whole.index(b"\xff\xda")
    file.write_bytes(whole[: scan + 2] + b"\xff\xff" * 20)
    return file


@pytest.fixture
def dead(digits: str, broken: Path) -> str:
    """The id of an image on which both stages have failed."""
    ran = darkroom("submit", broken, "--wait", "--json", url=digits)
    assert ran.code == 1
    assert ran.json[0]["state"] == "Failed"
    return str(ran.json[0]["id"])


def letters_of(image: str, url: str) -> dict[str, Any]:
    """The newest dead letter of every stage; the service lists the newest first."""
    listed = darkroom("dead-letters", "--json", "--limit", "1000", url=url).json
    return {letter["stage"]: letter for letter in reversed(listed) if letter["id"] == image}


def test_a_folder_is_sent_and_every_image_analysed(digits: str, tmp_path: Path) -> None:
    for file in sorted(IMAGES.iterdir())[:12]:
        shutil.copy(file, tmp_path)
    ran = darkroom("submit", tmp_path, "--wait", url=digits)
    assert ran.code == 0, ran.err
    assert "12 of 12 images accepted by demo/digits" in ran.out
    assert "12 analysed by every stage" in ran.out
    for file in tmp_path.iterdir():
        line = next(line for line in ran.out.splitlines() if file.name in line)
        assert " Analyzed " in line
        assert "embedding of 32" in line


def test_json_holds_the_document_of_every_image(digits: str) -> None:
    ran = darkroom("submit", ONE, THREE, "--wait", "--json", url=digits)
    assert ran.code == 0
    found = {Path(image["file"]): image for image in ran.json}
    assert {file: image["results"][0]["predictions"][0]["label"] for file, image in found.items()} == {
        ONE: "one",
        THREE: "three",
    }
    assert all(image["ms"] > 0 for image in found.values())


def test_without_wait_the_position_in_the_log_is_shown(digits: str) -> None:
    ran = darkroom("submit", ONE, "--json", "--key", "camera-1", "--pipeline", "demo/digits", url=digits)
    assert ran.code == 0
    (image,) = ran.json
    assert image["topic"] == "demo.digits.images"
    listed = darkroom("submit", ONE, "--key", "camera-1", url=digits).out
    assert f" {image['partition']} " in listed


def test_the_status_shows_the_workers_of_every_stage(digits: str) -> None:
    darkroom("submit", ONE, "--wait", url=digits)
    ran = darkroom("status", "digits", "--json", url=digits)
    assert [(stage["name"], stage["groupState"]) for stage in ran.json["stages"]] == [
        ("classify", "Stable"),
        ("embed", "Stable"),
    ]
    assert all(stage["workers"] and stage["ratePerSecond"] is not None for stage in ran.json["stages"])
    shown = darkroom("status", "demo/digits", url=digits).out
    assert "images topic demo.digits.images, 12 partitions" in shown
    assert any(
        line.split()[:2] == ["demo/digits", "Healthy"] for line in darkroom("status", url=digits).out.splitlines()
    )


def test_a_status_is_watched_until_it_is_interrupted(digits: str) -> None:
    command = [DARKROOM, "status", "--watch", "--json", "--url", digits]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first, second = process.stdout.readline(), process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert '"demo"' in first
    assert '"demo"' in second


def test_a_status_of_an_unknown_pipeline_is_refused(digits: str) -> None:
    ran = darkroom("status", "nope", url=digits)
    assert (ran.code, ran.out) == (2, "")
    assert "has no pipeline nope; there are demo/digits" in ran.err


def test_the_trace_of_an_image_shows_each_of_its_records(digits: str, dead: str) -> None:
    ran = darkroom("trace", dead, url=digits)
    assert ran.code == 0, ran.err
    first, header, *lines = ran.out.splitlines()
    assert first.startswith(f"{dead}: Failed, received 20")
    assert header.split() == ["after", "step", "details"]
    assert lines[0].split()[:3] == ["0", "ms", "Received"]
    assert lines[1].split()[0] == "demo.digits.images"
    assert {stage for stage in ("classify", "embed") for line in lines if f"Failed by {stage}" in line} == {
        "classify",
        "embed",
    }
    steps = darkroom("trace", dead, "--json", url=digits).json["steps"]
    assert [step["step"] for step in steps] == ["Received", "Failed", "Failed"]
    unknown = darkroom("trace", "nobody", url=digits)
    assert unknown.code == 1
    assert "There is no image 'nobody' in demo/digits" in unknown.err


def test_the_trace_of_an_image_names_the_workers_that_analysed_it(digits: str) -> None:
    (image,) = darkroom("submit", ONE, "--wait", "--json", url=digits).json
    steps = darkroom("trace", image["id"], "--json", url=digits).json["steps"]
    assert [step["worker"] for step in steps[1:]] == [{"name": socket.gethostname(), "process": 0}] * 2
    shown = darkroom("trace", image["id"], url=digits).out
    assert shown.count(f"worker {socket.gethostname()}, process 0") == 2


def test_a_refused_image_is_reported_on_stderr_and_the_others_are_accepted(digits: str, tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("no image at all", encoding="utf-8")
    ran = darkroom("submit", text, ONE, url=digits)
    assert ran.code == 1
    assert [line.startswith(f"{text}: ") for line in ran.errors] == [True]
    assert "1 of 2 images accepted" in ran.out


def test_an_image_larger_than_max_bytes_is_not_sent(digits: str, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(11 * 2**20)
    ran = darkroom("submit", large, url=digits)
    assert ran.code == 1
    assert f"at most {10 * 2**20} (maxBytes)" in ran.err


def test_an_unknown_pipeline_is_reported_with_the_known_ones(digits: str) -> None:
    ran = darkroom("submit", ONE, "--pipeline", "demo/cats", url=digits)
    assert ran.code == 2
    assert "serves no pipeline demo/cats; it serves demo/digits" in ran.err


@pytest.mark.parametrize(
    "command", [["dead-letters"], ["dead-letters", "list", "--json"], ["results"], ["results", "-f"]]
)
def test_an_unknown_stage_is_reported_with_the_known_ones(digits: str, command: list[str]) -> None:
    ran = darkroom(*command, "--stage", "detect", url=digits)
    assert (ran.code, ran.out) == (2, "")
    assert "demo/digits has no stage detect; its stages are classify, embed" in ran.err


def test_results_are_listed_newest_first_and_filtered(digits: str) -> None:
    darkroom("submit", ONE, "--wait", url=digits)
    sent = darkroom("submit", THREE, "--wait", "--json", url=digits).json[0]["id"]
    listed = darkroom("results", "--json", "--limit", "200", "--label", "three", "--stage", "classify", url=digits).json
    assert sent in [result["imageId"] for result in listed]
    assert {(result["stage"], result["predictions"][0]["label"]) for result in listed} == {("classify", "three")}
    assert [r["analyzedAt"] for r in listed] == sorted((r["analyzedAt"] for r in listed), reverse=True)
    table = darkroom("results", "--limit", "3", url=digits).out.splitlines()
    assert len(table) == 4
    assert table[0].split() == ["analyzed", "image", "stage", "result"]


@pytest.fixture
def following(digits: str, tmp_path: Path) -> Iterator[Path]:
    """The output of `darkroom results --follow --json`. Ctrl-C ends it without a message."""
    output, errors = tmp_path / "followed.jsonl", tmp_path / "errors"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen([DARKROOM, "results", "--follow", "--json", "--url", digits], stdout=out, stderr=err)
    yield output
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert errors.read_text(encoding="utf-8") == ""


def test_results_are_followed_live(digits: str, following: Path) -> None:
    def seen() -> bool:
        # The feed starts once it is connected, so images are sent until one appears in it.
        sent = darkroom("submit", ONE, "--wait", "--json", url=digits).json[0]["id"]
        return sent in following.read_text(encoding="utf-8")

    until(seen, "in the feed", 60)


def test_a_dead_letter_is_listed_shown_and_saved_whole(digits: str, dead: str, broken: Path, tmp_path: Path) -> None:
    letters = letters_of(dead, digits)
    assert set(letters) == {"classify", "embed"}
    assert {letter["reason"] for letter in letters.values()} == {"DecodeError"}
    reference = f"classify/{letters['classify']['partition']}/{letters['classify']['offset']}"
    assert reference in darkroom("dead-letters", "list", "--stage", "classify", "--limit", "1000", url=digits).out

    shown = darkroom("dead-letters", "show", reference, url=digits)
    assert f"image        {dead}" in shown.out
    assert "reason       DecodeError" in shown.out
    assert darkroom("dead-letters", "show", reference, "--json", url=digits).json["id"] == dead

    saved = darkroom("dead-letters", "save", reference, "--output", tmp_path / "saved.jpg", url=digits)
    assert saved.out == f"{tmp_path / 'saved.jpg'}\n"
    assert (tmp_path / "saved.jpg").read_bytes() == broken.read_bytes()


def test_an_image_that_failed_twice_must_be_named_by_its_reference(digits: str, dead: str) -> None:
    ran = darkroom("dead-letters", "show", dead, url=digits)
    assert ran.code == 2
    assert "failed in several stages" in ran.err
    assert darkroom("dead-letters", "show", "classify/0/999999", url=digits).code == 2


def test_a_redriven_image_goes_only_to_its_stage_and_fails_again(digits: str, dead: str) -> None:
    before = letters_of(dead, digits)
    assert darkroom("dead-letters", "redrive", dead, url=digits).code == 2
    ran = darkroom("dead-letters", "redrive", dead, "--stage", "classify", "--json", url=digits)
    assert (ran.code, ran.json["redriven"], ran.err) == (0, 1, "")

    def again() -> bool:
        return bool(letters_of(dead, digits)["classify"]["offset"] > before["classify"]["offset"])

    until(again, "a dead letter again", 60)
    assert letters_of(dead, digits)["embed"]["offset"] == before["embed"]["offset"]


def test_the_old_name_of_redrive_still_works_with_its_old_field(digits: str, dead: str) -> None:
    ran = darkroom("dead-letters", "replay", dead, "--stage", "embed", "--json", url=digits)
    assert (ran.code, ran.json["replayed"], [image["id"] for image in ran.json["images"]]) == (0, 1, [dead])
    assert ran.errors == ["darkroom: `dead-letters replay` is now `dead-letters redrive`; the old name will be removed"]
    assert "replay" not in darkroom("dead-letters", "--help").out


def test_a_redrive_of_an_unknown_image_or_an_invalid_time_is_refused(digits: str, dead: str) -> None:
    ran = darkroom("dead-letters", "redrive", "nope", "--stage", "classify", url=digits)
    assert (ran.code, ran.errors) == (1, ["darkroom: stage classify of demo/digits has no dead letter of image nope"])
    ran = darkroom("dead-letters", "redrive", dead, "nope", "--stage", "classify", "--json", url=digits)
    assert (ran.code, [image["id"] for image in ran.json["images"]]) == (1, [dead])
    ran = darkroom("dead-letters", "redrive", "--since", "yesterday", "--stage", "classify", url=digits)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "'yesterday' is not an RFC 3339 time" in ran.err


def test_a_redrive_without_a_selection_is_refused(digits: str) -> None:
    ran = darkroom("dead-letters", "redrive", url=digits)
    assert (ran.code, len(ran.errors)) == (2, 1)
