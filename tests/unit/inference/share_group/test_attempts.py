"""The counts of processes that images ended, in the metadata of commits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.share_group.attempts import Counts, decode, encode, with_own

workers = st.text("0123456789abcdef", min_size=8, max_size=8)
offsets = st.integers(0, 2**63 - 1)
counts = st.dictionaries(workers, st.integers(0, 1_000), min_size=1, max_size=5)


@given(st.dictionaries(offsets, counts, max_size=10))
def test_counts_are_read_as_they_were_written(written: Counts) -> None:
    assert decode(encode(written)) == written


def test_the_oldest_images_are_left_out_and_those_that_ended_a_process_are_kept_longest() -> None:
    ended = {offset: {"00000000": 1} for offset in range(1_000, 1_100)}
    suspects = {offset: {"00000000": 0} for offset in range(5_000, 5_512)}
    written = encode({**suspects, **ended})
    kept = decode(written)
    assert 3_400 < len(written) <= 3_500
    assert set(ended) < set(kept)
    assert set(kept) - set(ended) == set(range(5_512 - len(kept) + len(ended), 5_512))
    assert encode({**kept, **suspects}) == written


def test_a_worker_changes_only_its_own_counts_and_decreases_none() -> None:
    found = {7: {"one": 2, "two": 1}, 8: {"two": 1}}
    assert with_own(found, "one", {7: 1, 8: 3, 9: 0}) == {
        7: {"one": 2, "two": 1},
        8: {"one": 3, "two": 1},
        9: {"one": 0},
    }


@pytest.mark.parametrize(
    "metadata",
    [None, "", "x", "[]", '{"darkroom": "held"}', '{"darkroom": "attempts", "images": {"x": {}}}']
    + [f'{{"darkroom": "attempts", "images": {{"1": {text}}}}}' for text in ("7", '{"one": "x"}', '{"one": null}')],
)
def test_metadata_of_other_programs_has_no_counts(metadata: str | None) -> None:
    assert decode(metadata) == {}
