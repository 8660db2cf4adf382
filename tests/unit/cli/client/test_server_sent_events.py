"""Server-sent events, parsed from lines."""

from darkroom_cli.client.server_sent_events import ServerSentEvent, events


def test_a_feed_is_parsed_according_to_the_standard() -> None:
    stream = [
        ": hello",
        "",
        "id: 7",
        "event: analyzed",
        'data: {"a":',
        "data:1}",
        "",
        "data: x",
        "",
        "data: unfinished",
    ]
    assert list(events(stream)) == [
        ServerSentEvent("analyzed", '{"a":\n1}', "7"),
        ServerSentEvent("message", "x", "7"),
    ]
