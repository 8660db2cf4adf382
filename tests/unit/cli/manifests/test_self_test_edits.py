"""A self-test is added to a manifest without changing another line."""

import pytest
import yaml

from darkroom_cli.manifests.self_test_edits import CannotEdit, SelfTestLines, with_self_test

EXPECT = ["expect:", "  predictions:", "    - {label: a}"]
TEST = SelfTestLines("file:a.png", ["- image: file:a.png", *(f"  {line}" for line in EXPECT)], EXPECT)
OTHER = SelfTestLines(
    "file:b.png", ["- image: file:b.png", "  expect: {predictions: []}"], ["expect: {predictions: []}"]
)


def edited(text: str, test: SelfTestLines = TEST, line: int = 0, stage: int = 0) -> str:
    return with_self_test(text, line, stage, test)


def test_the_first_test_comes_after_the_stage_and_its_comments() -> None:
    text = """\
spec:
  stages:
    - name: one  # the first
      output:
        type: Detection
        # labels: in the file
      # ? Which threshold?

    # The second stage.
    - name: two
"""
    test = ["selfTest:", "  - image: file:a.png", "    expect:", "      predictions:", "        - {label: a}"]
    new = "".join(f"      {line}\n" for line in test)
    assert edited(text) == text.replace("threshold?\n", "threshold?\n" + new)
    assert edited(text, stage=1) == text + new


def test_another_test_comes_after_the_others() -> None:
    text = """\
spec:
  stages:
  - name: one
    selfTest:
    - image: file:b.png
      expect: {predictions: []}  # nothing
      # a comment about it
    # a comment about the next field
    delivery: AtLeastOnce
"""
    new = "    - image: file:a.png\n      expect:\n        predictions:\n          - {label: a}\n"
    assert edited(text) == text.replace("about it\n", "about it\n" + new)


def test_a_test_of_the_same_image_gets_the_new_result_and_keeps_the_rest() -> None:
    text = """\
spec:
  stages:
    - name: one
      selfTest:
        - expect:
            predictions:
              - {label: x}
          image: "file:a.png"  # quoted
          tolerance: {score: 0.1}
        - image: file:b.png
          expect:
            predictions:
              - label: y
          tolerance: {score: 0.2}
"""
    assert edited(text) == text.replace("{label: x}", "{label: a}")
    assert edited(text, OTHER) == text.replace(
        "          expect:\n            predictions:\n              - label: y\n",
        "          expect: {predictions: []}\n",
    )


@pytest.mark.parametrize(
    "text",
    [
        "spec:\n  stages:\n    - name: one\n      selfTest: []  # none yet\n      delivery: AtLeastOnce\n",
        "spec:\r\n  stages:\r\n    - name: one\r\n",
        "spec:\n  stages:\n    - name: one",
        "spec:\n  stages:\n    - name: |\n        one\n",
        'spec:\n  stages: [\n    {name: zero}]\n---\nspec:\n  stages:\n    - name: "one"\n...\n---\nspec: {}\n',
    ],
    ids=["an empty list", "Windows line breaks", "no line break at the end", "a block scalar", "several documents"],
)
def test_any_block_style_can_be_edited(text: str) -> None:
    line = text[: text.find("spec:\n  stages:\n    - ")].count("\n") if "---" in text else 0
    result = edited(edited(text, line=line), OTHER, line=line)
    assert ("\r\n" in text) == ("\r\n" in result)
    assert "\n" not in result.replace("\r\n", "") or "\r\n" not in text
    (stage,) = next(d for d in yaml.safe_load_all(result) if d["spec"].get("stages") != [{"name": "zero"}])["spec"][
        "stages"
    ]
    assert stage["selfTest"] == yaml.safe_load("\n".join([*TEST.lines, *OTHER.lines]))
    assert edited(result, OTHER, line=line) == result


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("spec:\n  stages:\n    - {name: one}\n", "the stage is in flow style"),
        ("spec:\n  stages:\n    - name: one\n      selfTest: [{image: file:b}]\n", "selfTest is in flow style"),
        (
            "spec:\n  stages:\n    - name: one\n      selfTest:\n        - {image: file:a.png}\n",
            "image is in flow style",
        ),
        ("spec:\n  stages:\n    - &one\n      name: one\n    - *one\n", "shared by an alias"),
    ],
)
def test_flow_style_and_aliases_are_refused(text: str, words: str) -> None:
    with pytest.raises(CannotEdit, match=words):
        edited(text)
