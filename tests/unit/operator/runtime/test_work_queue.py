"""The work queue: no key is lost or worked on twice at a time, and each has a separate back-off."""

import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from darkroom_operator.kube.keys import PipelineKey
from darkroom_operator.runtime.work_queue import WorkQueue
from tests.support.clock import Clock

KEYS = [PipelineKey("demo", name) for name in ("a", "b", "c")]


def queue_at(clock: Clock) -> WorkQueue:
    return WorkQueue(first_retry_s=1, longest_retry_s=60, clock=clock, jitter=lambda: 1.0)


class TheQueue(RuleBasedStateMachine):
    """For any operations, the queue agrees with a simple model."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.queue = queue_at(self.clock)
        self.wanted: set[PipelineKey] = set()  # added since it was last taken
        self.in_work: set[PipelineKey] = set()
        self.due: dict[PipelineKey, float] = {}

    @rule(key=st.sampled_from(KEYS))
    def add(self, key: PipelineKey) -> None:
        self.queue.add(key)
        self.wanted.add(key)

    @rule(key=st.sampled_from(KEYS), seconds=st.floats(0.1, 100))
    def add_after(self, key: PipelineKey, seconds: float) -> None:
        self.queue.add_after(key, seconds)
        self.due[key] = min(self.due.get(key, float("inf")), self.clock.now + seconds)

    @rule(seconds=st.floats(0.1, 100))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule()
    def take(self) -> None:
        self._release()
        key = self.queue.take(0)
        ready = self.wanted - self.in_work
        assert (key in ready) if ready else (key is None)
        if key is not None:
            self.wanted.remove(key)
            self.in_work.add(key)

    @rule(key=st.sampled_from(KEYS))
    def done(self, key: PipelineKey) -> None:
        if key in self.in_work:
            self.queue.done(key)
            self.in_work.remove(key)

    @invariant()
    def counts_what_is_ready_and_in_work(self) -> None:
        self._release()
        assert len(self.queue) == len((self.wanted - self.in_work) | self.in_work)

    def _release(self) -> None:
        for key, due in list(self.due.items()):
            if due <= self.clock.now:
                del self.due[key]
                self.wanted.add(key)


TheQueue.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTheQueue = TheQueue.TestCase


def test_the_back_off_grows_to_its_limit_and_is_reset_by_a_success() -> None:
    queue = queue_at(Clock())
    assert [queue.retry(KEYS[0]) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert queue.retry(KEYS[1]) == 1, "each key has its own"
    queue.succeeded(KEYS[0])
    assert queue.retry(KEYS[0]) == 1


def test_ten_thousand_failures_are_no_overflow() -> None:
    queue = queue_at(Clock())
    for _ in range(10_000):
        seconds = queue.retry(KEYS[0])
    assert seconds == 60


def test_a_server_that_asks_for_more_time_gets_it() -> None:
    assert queue_at(Clock()).retry(KEYS[0], at_least_s=30) == 30


def test_news_does_not_wait_for_the_back_off() -> None:
    clock = Clock()
    queue = queue_at(clock)
    queue.retry(KEYS[0])
    queue.add(KEYS[0])
    assert queue.take(0) == KEYS[0]


def test_first_come_first_served() -> None:
    queue = queue_at(Clock())
    for key in (KEYS[1], KEYS[0], KEYS[1], KEYS[2]):
        queue.add(key)
    assert [queue.take(0) for _ in range(3)] == [KEYS[1], KEYS[0], KEYS[2]]


def test_the_oldest_counts_whether_it_waits_or_is_in_work() -> None:
    clock = Clock()
    queue = queue_at(clock)
    assert queue.oldest_s() == 0
    queue.add(KEYS[0])
    clock.now = 5
    assert queue.oldest_s() == 5
    queue.take(0)
    clock.now = 7
    assert queue.oldest_s() == 2
    queue.done(KEYS[0])
    assert queue.oldest_s() == 0


def test_a_closed_queue_lets_everybody_go() -> None:
    queue = WorkQueue()
    taken: list[PipelineKey | None] = []
    threads = [threading.Thread(target=lambda: taken.append(queue.take(60))) for _ in range(3)]
    for thread in threads:
        thread.start()
    queue.close()
    for thread in threads:
        thread.join(timeout=5)
    assert taken == [None, None, None]
    queue.add(KEYS[0])
    assert len(queue) == 0


def test_many_threads_never_work_on_one_key_at_a_time() -> None:
    queue, busy, lock, seen = WorkQueue(), set[PipelineKey](), threading.Lock(), []

    def work() -> None:
        while (key := queue.take(0.2)) is not None:
            with lock:
                assert key not in busy
                busy.add(key)
                seen.append(key)
            with lock:
                busy.remove(key)
            queue.done(key)

    keys = [PipelineKey("demo", str(i)) for i in range(50)]
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        for key in keys:
            queue.add(key)
    for thread in threads:
        thread.join(timeout=10)
    assert set(seen) == set(keys)
