"""Who may analyse when."""

import threading

from darkroom_inference.loop.exclusive import ExclusiveTurn
from tests.support.until import until


def test_who_is_alone_waits_for_all_others_and_they_for_it() -> None:
    turn = ExclusiveTurn()
    inside: list[str] = []
    may_leave = threading.Event()

    def share(name: str) -> None:
        with turn.shared():
            inside.append(name)
            may_leave.wait(10)
            inside.remove(name)

    def be_alone() -> None:
        with turn.alone():
            inside.append("alone")
            assert inside == ["alone"]
            inside.remove("alone")
        done.append("alone")

    done: list[str] = []
    first = [threading.Thread(target=share, args=(name,)) for name in ("a", "b")]
    alone, late = threading.Thread(target=be_alone), threading.Thread(target=share, args=("late",))
    for thread in first:
        thread.start()
    until(lambda: len(inside) == 2, "two at once")
    alone.start()
    until(lambda: turn._waiting_to_be_alone == 1, "somebody who waits to be alone")
    late.start()
    assert done == []
    may_leave.set()
    for thread in (*first, alone, late):
        thread.join(10)
    assert (done, inside) == (["alone"], [])
