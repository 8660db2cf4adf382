"""The processes of a worker that have ended, from its log."""

from pathlib import Path

from darkroom_cli.processes.process_ends import ProcessEnds

ENDED = "2026-11-27T22:12:29Z [error    ] worker process ended, restarting it [fleet] code={} process=0\n"


def test_each_end_is_read_once_and_only_in_complete_lines(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    ends = ProcessEnds(log)
    assert ends.read() == []
    with log.open("a", buffering=1) as file:
        file.write("[info] listening code=3\n" + ENDED.format(-9) + ENDED.format(70))
        assert ends.read() == [-9, 70]
        assert ends.read() == []
        file.write(ENDED.format(-11)[:-12])
        file.flush()
        assert ends.read() == []
        file.write(ENDED.format(-11)[-12:])
        assert ends.read() == [-11]
