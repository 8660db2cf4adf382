"""The time limits of mode Queue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom_inference.share_group.limits import GroupLimits, longest_run_s, wanted_limits


@pytest.mark.parametrize(("deadline_s", "images", "lock_s"), [(60, 1, 60), (2, 1, 15), (10, 1, 20), (2, 64, 60)])
def test_the_lock_suits_the_deadline_within_the_bounds_of_kafka(deadline_s: float, images: int, lock_s: float) -> None:
    assert wanted_limits(deadline_s, images) == GroupLimits(lock_s, 10)


@given(st.floats(0.1, 3_600), st.integers(1, 64))
def test_a_run_that_begins_at_the_last_moment_ends_before_its_images_are_lent_again(
    deadline_s: float, images: int
) -> None:
    limits = wanted_limits(deadline_s, images)
    assert limits.begin_within_s + longest_run_s(deadline_s, images) < limits.lock_s


@pytest.mark.parametrize(("deliveries", "last"), [(10, 9), (5, 4), (2, 2)])
def test_an_image_becomes_a_dead_letter_one_delivery_before_the_broker_would_drop_it(
    deliveries: int, last: int
) -> None:
    limits = GroupLimits(60, deliveries)
    assert limits.last_delivery == last
    assert limits.shared_deliveries < limits.last_delivery - 1
    assert limits.deliveries_in_company < limits.last_delivery
