"""Ids of the live feed."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom_ingestion.feed.positions import Positions, decode

stages = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", fullmatch=True)
offsets = st.dictionaries(
    st.tuples(stages, st.sampled_from(["r", "d"])),
    st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20),
    min_size=1,
    max_size=6,
)


@given(offsets)
def test_an_id_encodes_the_readers_position(at: dict[tuple[str, str], list[int]]) -> None:
    found = decode(Positions(at).encode())  # type: ignore[arg-type]

    assert found is not None
    assert found.offsets == at


@given(offsets, st.data())
def test_an_id_follows_each_move(at: dict[tuple[str, str], list[int]], data: st.DataObject) -> None:
    positions = Positions(at)  # type: ignore[arg-type]
    before = positions.encode()
    topic = data.draw(st.sampled_from(sorted(at)))
    partition = data.draw(st.integers(0, len(at[topic]) + 3))
    positions.move(topic, partition, 2**63 - 1)  # type: ignore[arg-type]
    after = decode(positions.encode())

    assert after is not None
    assert after.offsets[topic][partition] == 2**63 - 1  # type: ignore[index]
    assert decode(before) is not None
    assert not after.is_behind(decode(before))  # type: ignore[arg-type]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = decode(text)

    assert found is None or decode(found.encode()) is not None
