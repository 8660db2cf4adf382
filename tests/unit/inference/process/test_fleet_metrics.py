"""The metrics of several processes in one document."""

from darkroom_inference.process.fleet_metrics import merged


def test_metrics_of_processes_have_a_process_label() -> None:
    one = '# HELP images_total Images.\n# TYPE images_total counter\nimages_total{outcome="analyzed"} 2.0\n'
    text = merged({"0": one, "1": one.replace("2.0", "3.0"), "2": "{}"}).decode()
    assert text.count("# HELP images_total") == 1
    assert 'images_total{outcome="analyzed",process="0"} 2.0' in text
    assert 'images_total{outcome="analyzed",process="1"} 3.0' in text
