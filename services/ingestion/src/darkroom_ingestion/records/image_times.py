"""The time in an image's id."""

_LENGTH, _VERSION_AT, _DASH_AT = 36, 14, 8


def time_of_id(image_id: str) -> int | None:
    """When an image was received, in milliseconds since 1970, if its id is a UUID version 7; otherwise None.

    The ingestion service makes such ids when it receives an image. Source: RFC 9562, section 5.7.
    """
    if len(image_id) != _LENGTH or image_id[_VERSION_AT] != "7" or image_id[_DASH_AT] != "-":
        return None
    try:
        return int(image_id[:8] + image_id[9:13], 16)
    except ValueError:
        return None
