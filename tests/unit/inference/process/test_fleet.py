"""How the loops of a stage are split into processes."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.process.fleet import split


@given(st.integers(1, 256))
def test_loops_are_split_into_as_few_processes_as_eight_a_process_allow(loops: int) -> None:
    sizes = split(loops)
    assert sum(sizes) == loops
    assert max(sizes) <= 8
    assert len(sizes) == (loops + 7) // 8
    assert max(sizes) - min(sizes) <= 1
