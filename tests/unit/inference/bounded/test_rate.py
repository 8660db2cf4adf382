"""The rate of a replay."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.bounded.rate import TokenBucket, TokenReader, TokenWriter


@given(st.floats(0.1, 5_000), st.lists(st.floats(0, 2), max_size=50), st.data())
def test_no_more_tokens_are_handed_out_than_the_rate_allows(
    rate: float, ticks: list[float], data: st.DataObject
) -> None:
    bucket, handed_out, waiting = TokenBucket(rate), 0, 0
    for seconds in ticks:
        tokens = bucket.due(seconds, waiting)
        handed_out += tokens
        waiting = data.draw(st.integers(0, waiting + tokens))
        assert waiting <= bucket.burst
    assert handed_out <= rate * sum(ticks) + 1


def test_a_slow_rate_hands_out_a_token_when_its_time_has_come() -> None:
    bucket = TokenBucket(rate=0.5)
    assert [bucket.due(0.5, 0) for _ in range(8)] == [0, 0, 0, 1, 0, 0, 0, 1]


def test_every_token_is_taken_once() -> None:
    writer = TokenWriter(rate=1_000)
    writer.start()
    readers = [TokenReader(writer.reader) for _ in range(3)]
    assert all(reader.take(5) for reader in readers)
    writer.close()
