"""Checks of several HTTP processes as one answer."""

from darkroom_ingestion.http.all_processes import merged
from darkroom_ingestion.http.documents.health import Check
from darkroom_ingestion.http.siblings import ChecksOfProcesses


def check(name: str, *, ok: bool = True, required: bool = True) -> Check:
    return Check(name=name, ok=ok, message="good" if ok else "bad", required=required)


def test_a_check_fails_if_it_does_in_one_process_and_says_in_which() -> None:
    optional, failed = check("store", ok=False, required=False), check("store", ok=False)
    found = ChecksOfProcesses({1: [check("store"), check("kafka")], 2: [optional], 3: [failed]}, [], complete=True)

    store, kafka = merged(found, needs_all=False)

    assert (store.name, store.ok, store.required, store.message) == ("store", False, True, "process 3: bad")
    assert kafka == check("kafka")


def test_a_process_that_does_not_respond_fails_and_one_that_starts_does_if_all_are_needed() -> None:
    found = ChecksOfProcesses({1: [check("store")], 2: None}, [3], complete=True)

    for needs_all in (True, False):
        _, silent, starting = merged(found, needs_all=needs_all)
        assert (silent.name, silent.ok, silent.required) == ("process 2", False, True)
        assert (starting.name, starting.ok, starting.required) == ("process 3", False, needs_all)
