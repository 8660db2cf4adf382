"""Records of an images topic."""

from tests.support.services.image_records import example_image

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_log_lines_about_an_image_say_which_it_is() -> None:
    image = example_image(traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    where = {"topic": "demo.digits.images", "partition": 3, "offset": 42}
    assert image.log_fields() == {"image_id": "i", "trace_id": TRACE, **where}
    assert example_image().log_fields() == {"image_id": "i", **where}
    assert "trace_id" not in example_image(traceparent="nonsense").log_fields()
