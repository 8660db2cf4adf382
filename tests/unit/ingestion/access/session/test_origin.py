"""Which page a request is from."""

import pytest

from darkroom_ingestion.access.session.origin import Sender, sender_of


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"sec-fetch-site": "same-origin"}, "OwnPage"),
        ({"sec-fetch-site": "none"}, "OwnPage"),
        ({"sec-fetch-site": "same-site"}, "ForeignPage"),
        ({"sec-fetch-site": "cross-site"}, "ForeignPage"),
        ({"sec-fetch-site": ""}, "ForeignPage"),
        ({"sec-fetch-site": "cross-site", "origin": "http://a.example", "host": "a.example"}, "ForeignPage"),
        ({"origin": "http://a.example:8080", "host": "a.example:8080"}, "OwnPage"),
        ({"origin": "https://A.example", "host": "a.Example"}, "OwnPage"),
        ({"origin": "http://a.example:8080", "host": "a.example"}, "ForeignPage"),
        ({"origin": "http://evil.example", "host": "a.example"}, "ForeignPage"),
        ({"origin": "null", "host": "a.example"}, "ForeignPage"),
        ({"origin": "null"}, "ForeignPage"),
        ({"origin": "http://[", "host": "a.example"}, "ForeignPage"),
        ({"host": "a.example"}, "Unknown"),
        ({}, "Unknown"),
    ],
)
def test_the_sender_of_a_request(headers: dict[str, str], sender: Sender) -> None:
    assert sender_of([(name.encode(), value.encode()) for name, value in headers.items()]) == sender
