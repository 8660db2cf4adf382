"""Credentials that are tried from one address."""

import pytest

from darkroom_ingestion.access.protocols import AccessUnavailable, BadCredential
from darkroom_ingestion.access.refused import BURST, RefusedCredentials, TooManyRefused
from tests.support.clock import Clock


def refuse(refused: RefusedCredentials, address: str, times: int) -> None:
    guesses = (f"guess {attempt}" for attempt in range(times))
    for _ in range(times):
        with pytest.raises(BadCredential), refused.trying(address, lambda: next(guesses)):
            raise BadCredential("unknown")


def test_an_address_has_a_number_of_attempts_and_gets_another_one_each_second() -> None:
    clock = Clock()
    refused = RefusedCredentials(clock)
    refuse(refused, "192.0.2.1", BURST)

    with pytest.raises(TooManyRefused) as error, refused.trying("192.0.2.1", lambda: "one more"):
        pytest.fail("it was checked")
    assert error.value.retry_after_s == 1
    clock.now += 1
    refuse(refused, "192.0.2.1", 1)
    with pytest.raises(TooManyRefused), refused.trying("192.0.2.1", lambda: "one more"):
        pytest.fail("it was checked")


def test_other_addresses_are_not_limited() -> None:
    refused = RefusedCredentials(Clock())
    refuse(refused, "192.0.2.1", BURST)

    refuse(refused, "192.0.2.2", BURST)


def test_a_credential_that_was_accepted_is_not_limited_by_refused_ones_of_the_same_address() -> None:
    refused = RefusedCredentials(Clock())
    refuse(refused, "192.0.2.1", 1)
    for _ in range(2 * BURST):
        with refused.trying("192.0.2.1", lambda: "good"):
            pass
    refuse(refused, "192.0.2.1", BURST - 1)

    with refused.trying("192.0.2.1", lambda: "good"):
        pass
    with pytest.raises(TooManyRefused), refused.trying("192.0.2.1", lambda: "also good, but not seen before"):
        pass


def test_an_attempt_that_could_not_be_decided_does_not_count() -> None:
    refused = RefusedCredentials(Clock())
    refuse(refused, "192.0.2.1", 1)
    for _ in range(2 * BURST):
        with pytest.raises(AccessUnavailable), refused.trying("192.0.2.1", lambda: "unlucky"):
            raise AccessUnavailable("away")

    with refused.trying("192.0.2.1", lambda: "good"):
        pass


def test_the_addresses_are_bounded() -> None:
    refused = RefusedCredentials(Clock(), most_addresses=2)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        refuse(refused, address, BURST)

    refuse(refused, "192.0.2.1", 1)  # forgotten
    with pytest.raises(TooManyRefused), refused.trying("192.0.2.3", lambda: "guess"):
        pass
