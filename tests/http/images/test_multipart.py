"""POST images: a multipart body with several files."""

import pytest

from tests.support.services.ingestion import JPEG, PNG, Pipeline, Service, post

Shared = tuple[Service, Pipeline]


def test_a_batch_has_an_outcome_for_each_file(shared: Shared) -> None:
    service, pipeline = shared
    files = [
        ("file", ("one.jpg", JPEG, "image/jpeg")),
        ("file", ("letter.jpg", b"Dear Sir or Madam", "image/jpeg")),
        ("file", ("huge.jpg", JPEG.ljust(150 * 1024, b"\0"), "image/jpeg")),
        ("file", ("two.png", PNG, "image/png")),
    ]
    with service.client as client:
        answer = client.post(f"{pipeline.path}/images", files=files, params={"key": "album"})

    assert answer.status_code == 202
    one, letter, huge, two = answer.json()["images"]
    assert (letter["status"], letter["file"]) == (400, "letter.jpg")
    assert (huge["status"], huge["file"]) == (413, "huge.jpg")
    assert one["partition"] == two["partition"]
    assert one["offset"] < two["offset"]
    with service.client as client:
        assert client.get(f"{pipeline.path}/images/{two['id']}/content").content == PNG


def test_one_file_in_multipart_is_like_a_raw_body(shared: Shared) -> None:
    service, pipeline = shared
    with service.client as client:
        answer = client.post(f"{pipeline.path}/images", files={"file": ("one.jpg", JPEG, "image/jpeg")})
        refused = client.post(f"{pipeline.path}/images", files={"file": ("one.jpg", b"Dear Sir", "image/jpeg")})

    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(answer.json()["id"])
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"no part"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nvalue\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + JPEG,
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: " + b"y" * 10_000 + b"\r\n\r\n\r\n--x--\r\n"),
    ],
)
def test_a_broken_multipart_body_is_refused(shared: Shared, content_type: str, body: bytes) -> None:
    service, pipeline = shared
    answer = post(service, pipeline, body, content_type)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("bad-multipart")


def test_a_batch_of_too_many_files_is_refused(shared: Shared) -> None:
    service, pipeline = shared
    many = [("file", (f"{number}.jpg", JPEG, "image/jpeg")) for number in range(257)]
    with service.client as client:
        assert client.post(f"{pipeline.path}/images", files=many[:256]).status_code == 202
        assert client.post(f"{pipeline.path}/images", files=many).status_code == 413
