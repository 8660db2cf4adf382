"""Admission of images: checks the media type and the header of the image."""

from darkroom import image_header
from darkroom.image_header import NotAnImage, read_header
from darkroom_ingestion.http.problems import HttpProblem

MEDIA_TYPES = {
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/pjpeg": "jpeg",
    "image/png": "png",
    "image/x-png": "png",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/x-bmp": "bmp",
    "image/x-ms-bmp": "bmp",
    "image/tiff": "tiff",
    "image/tif": "tiff",
    "image/gif": "gif",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/heif": "heic",
    "image/jp2": "jp2",
    "image/jpx": "jp2",
    "image/j2c": "jp2",
    "image/x-portable-anymap": "pnm",
    "image/x-portable-bitmap": "pnm",
    "image/x-portable-graymap": "pnm",
    "image/x-portable-pixmap": "pnm",
}
"""The accepted media types and their formats."""

IMAGE_TYPES = tuple(image_header.MEDIA_TYPES.values())
GENERIC = {"", "application/octet-stream", "binary/octet-stream"}
"""Media types without a format: the format is detected from the bytes."""


def is_accepted(declared: str | None) -> bool:
    """Whether workers can decode the media type, or it names no format."""
    media_type = _bare(declared)
    return media_type in MEDIA_TYPES or media_type in GENERIC


def check_media_type(declared: str | None) -> str:
    """Refuse a media type that workers can't decode, before the body is read. Returns it without its parameters.

    Raises:
        HttpProblem: 415: the media type is not supported.
    """
    media_type = _bare(declared)
    if media_type not in MEDIA_TYPES and media_type not in GENERIC:
        raise HttpProblem(
            415,
            "unsupported-media-type",
            "Unsupported media type",
            f"{media_type!r:.100} is not accepted. Send {', '.join(IMAGE_TYPES)}, application/octet-stream to have the "
            "format detected, or multipart/form-data with files of these types.",
            headers={"Accept": ", ".join(IMAGE_TYPES), "Accept-Post": ", ".join((*IMAGE_TYPES, "multipart/form-data"))},
            unread_body=True,
        )
    return media_type


def admit(declared: str | None, body: bytes) -> str:
    """The media type to publish `body` with. Reads the image's header without decoding the image.

    Raises:
        HttpProblem: 415; 400 if the body is not an image, or not in the format that `declared` names.
    """
    media_type = check_media_type(declared)
    try:
        header = read_header(body)
    except NotAnImage as error:
        raise _not_an_image(str(error) if body else "the body is empty") from None
    if MEDIA_TYPES.get(media_type, header.format) != header.format:
        right = header.media_type
        raise _not_an_image(f"the bytes are {right}, not {media_type}: send them as Content-Type: {right}")
    return header.media_type


def _bare(declared: str | None) -> str:
    if declared in MEDIA_TYPES:
        return declared
    return (declared or "").partition(";")[0].strip().lower()


def _not_an_image(reason: str) -> HttpProblem:
    return HttpProblem(400, "not-an-image", "Not an image", f"{reason[:1].upper()}{reason[1:]}")
