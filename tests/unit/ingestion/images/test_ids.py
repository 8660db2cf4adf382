"""Ids of images."""

import uuid

from darkroom_ingestion.images.ids import new_image_id


def test_ids_are_uuids_of_version_7_with_the_time_in_front() -> None:
    # The example of RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC, 0x017F22E279B0 milliseconds.
    found = uuid.UUID(new_image_id(0x017F22E279B0 * 1_000_000))

    assert (found.version, found.variant) == (7, uuid.RFC_4122)
    assert str(found).startswith("017f22e2-79b0-7000-")


def test_ids_sort_by_the_time_they_were_given() -> None:
    start = 1_795_446_100_000_000_000
    ids = [new_image_id(start + number * 1_000) for number in range(5_000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert len({new_image_id(start) for _ in range(1_000)}) == 1_000
