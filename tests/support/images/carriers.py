"""Image files with an orientation in every supported place: functions from upright pixels to a file."""

import struct
import zlib
from collections.abc import Callable

from PIL import Image

from tests.support.images.pictures import Pixels, encoded, stored
from tests.support.images.tiff_files import RGB, Entry, directory, tiff_file

File = Callable[[Pixels, int], bytes]

_PREFIX = b"Exif\x00\x00"


def exif(orientation: int, order: str) -> bytes:
    """EXIF data without its prefix."""
    return directory(order, (0x10F, "B", list(b"a camera\x00")), (0x112, "H", [orientation]))


def xmp(orientation: int, *, as_element: bool = False) -> bytes:
    """An XMP packet."""
    said = (
        f"<rdf:Description><tiff:Orientation>{orientation}</tiff:Orientation></rdf:Description>"
        if as_element
        else f'<rdf:Description tiff:Orientation="{orientation}"/>'
    )
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>{said}</rdf:RDF></x:xmpmeta>'.encode()


def _jpeg(*segments: bytes) -> bytes:
    return b"".join(b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content for content in segments)


def jpeg(*segments: Callable[[int], bytes]) -> File:
    """JPEG with APP1 segments."""

    def make(pixels: Pixels, orientation: int) -> bytes:
        data = encoded(stored(pixels, orientation), "JPEG", quality=98, subsampling=0)
        return data[:20] + _jpeg(*(segment(orientation) for segment in segments)) + data[20:]

    return make


def png(*chunks: Callable[[int], tuple[bytes, bytes]], behind: bool = False) -> File:
    """PNG with chunks (type, content) after its header, or after its picture if `behind`."""

    def make(pixels: Pixels, orientation: int) -> bytes:
        data = encoded(stored(pixels, orientation), "PNG")
        added = b""
        for kind, content in (chunk(orientation) for chunk in chunks):
            added += struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        position = len(data) - 12 if behind else 33
        return data[:position] + added + data[position:]

    return make


def webp(kind: bytes, content: Callable[[int], bytes]) -> File:
    """WebP with a chunk after its picture."""

    def make(pixels: Pixels, orientation: int) -> bytes:
        kept = stored(pixels, orientation)
        body = content(orientation)
        size = struct.pack("<HBHB", kept.shape[1] - 1, 0, kept.shape[0] - 1, 0)
        extended = b"VP8X" + struct.pack("<II", 10, 8 if kind == b"EXIF" else 4) + size
        chunk = kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
        parts = b"WEBP" + extended + encoded(kept, "WEBP", lossless=True)[12:] + chunk
        return b"RIFF" + struct.pack("<I", len(parts)) + parts

    return make


def tiff(order: str, tag: Callable[[int], Entry]) -> File:
    """TIFF with a tag."""

    def make(pixels: Pixels, orientation: int) -> bytes:
        kept = stored(pixels, orientation)
        return tiff_file(kept.tobytes(), kept.shape[1], kept.shape[0], [8, 8, 8], RGB, tag(orientation), order=order)

    return make


def avif(pixels: Pixels, orientation: int) -> bytes:
    """AVIF with `irot` and `imir`, which Pillow writes for an EXIF orientation."""
    tags = Image.Exif()
    tags[0x112] = orientation
    return encoded(stored(pixels, orientation), "AVIF", quality=95, speed=10, subsampling="4:4:4", exif=tags)


def avif_xmp(pixels: Pixels, orientation: int) -> bytes:
    """AVIF with only XMP."""
    options = {"quality": 95, "speed": 10, "subsampling": "4:4:4"}
    return encoded(stored(pixels, orientation), "AVIF", xmp=xmp(orientation), **options)


def _raw_profile(name: str, content: bytes) -> bytes:
    """A raw profile as ImageMagick writes it: a name, the length, and lines of hexadecimal digits."""
    digits = content.hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    return f"\n{name}\n{len(content):8}\n{lines}\n".encode()


def _text(keyword: bytes, text: bytes) -> tuple[bytes, bytes]:
    return b"tEXt", keyword + b"\x00" + text


def _compressed(keyword: bytes, text: bytes) -> tuple[bytes, bytes]:
    return b"zTXt", keyword + b"\x00\x00" + zlib.compress(text)


def _international(keyword: bytes, text: bytes, *, compressed: bool = False) -> tuple[bytes, bytes]:
    flags = b"\x01\x00" if compressed else b"\x00\x00"
    return b"iTXt", keyword + b"\x00" + flags + b"en\x00\x00" + (zlib.compress(text) if compressed else text)


_RAW = b"Raw profile type exif"
_XMP_OF_JPEG = b"http://ns.adobe.com/xap/1.0/\x00"
_XMP_OF_PNG = b"XML:com.adobe.xmp"

CARRIERS: dict[str, File] = {
    "jpeg exif little": jpeg(lambda o: _PREFIX + exif(o, "<")),
    "jpeg exif big": jpeg(lambda o: _PREFIX + exif(o, ">")),
    "jpeg xmp": jpeg(lambda o: _XMP_OF_JPEG + xmp(o)),
    "jpeg xmp element": jpeg(lambda o: _XMP_OF_JPEG + xmp(o, as_element=True)),
    "jpeg exif before another xmp": jpeg(lambda o: _PREFIX + exif(o, "<"), lambda o: _XMP_OF_JPEG + xmp(o % 8 + 1)),
    "jpeg exif after another xmp": jpeg(lambda o: _XMP_OF_JPEG + xmp(o % 8 + 1), lambda o: _PREFIX + exif(o, ">")),
    "png exif little": png(lambda o: (b"eXIf", exif(o, "<"))),
    "png exif big": png(lambda o: (b"eXIf", exif(o, ">"))),
    "png exif prefixed": png(lambda o: (b"eXIf", _PREFIX + exif(o, "<"))),
    "png exif behind the picture": png(lambda o: (b"eXIf", exif(o, ">")), behind=True),
    "png raw text": png(lambda o: _text(_RAW, _raw_profile("exif", _PREFIX + exif(o, "<")))),
    "png raw text without prefix": png(lambda o: _text(_RAW, _raw_profile("exif", exif(o, ">")))),
    "png raw compressed": png(lambda o: _compressed(_RAW, _raw_profile("exif", _PREFIX + exif(o, "<")))),
    "png raw international": png(lambda o: _international(_RAW, _raw_profile("exif", _PREFIX + exif(o, ">")))),
    "png raw international compressed": png(
        lambda o: _international(_RAW, _raw_profile("exif", _PREFIX + exif(o, "<")), compressed=True)
    ),
    "png xmp": png(lambda o: _international(_XMP_OF_PNG, xmp(o))),
    "png xmp compressed": png(lambda o: _international(_XMP_OF_PNG, xmp(o, as_element=True), compressed=True)),
    "webp exif little": webp(b"EXIF", lambda o: exif(o, "<")),
    "webp exif big": webp(b"EXIF", lambda o: exif(o, ">")),
    "webp exif prefixed little": webp(b"EXIF", lambda o: _PREFIX + exif(o, "<")),
    "webp exif prefixed big": webp(b"EXIF", lambda o: _PREFIX + exif(o, ">")),
    "webp xmp": webp(b"XMP ", xmp),
    "tiff tag little": tiff("<", lambda o: (274, "H", [o])),
    "tiff tag big": tiff(">", lambda o: (274, "H", [o])),
    "tiff xmp": tiff("<", lambda o: (700, "B", list(xmp(o)))),
    "avif boxes": avif,
    "avif xmp": avif_xmp,
}
