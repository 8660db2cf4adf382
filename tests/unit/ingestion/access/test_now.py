"""Checks that need not wait are made without a task; others are given up, and made again in one."""

import asyncio

import pytest

from darkroom_ingestion.access.now import MustWait, result_now
from darkroom_ingestion.access.oidc.issuer import Issuer
from darkroom_ingestion.access.oidc.tokens import OidcTokens
from darkroom_ingestion.access.protocols import BadCredential
from darkroom_ingestion.access.refused import BURST, RefusedCredentials, TooManyRefused
from darkroom_ingestion.sign_in_settings import OidcSettings
from tests.support.clock import Clock
from tests.support.oidc.published import AUDIENCE, published_issuer


async def returns() -> str:
    return "result"


async def refuses() -> str:
    raise BadCredential("refused")


def test_a_result_or_an_error_is_had_at_once() -> None:
    assert result_now(returns()) == "result"
    with pytest.raises(BadCredential, match="refused"):
        result_now(refuses())


def test_keys_of_a_provider_are_read_once_for_a_check_that_was_given_up() -> None:
    async def run() -> None:
        with published_issuer() as provider:
            tokens = OidcTokens(OidcSettings(provider.url, AUDIENCE), Issuer(provider.url))
            token = provider.token()
            for _ in range(2):
                with pytest.raises(MustWait):
                    result_now(tokens.caller_of(token))
            caller = await tokens.caller_of(token)
            assert caller is not None
            assert result_now(tokens.caller_of(token)) == caller
            assert provider.requests == ["/.well-known/openid-configuration", "/keys"]

    asyncio.run(run())


def test_a_reading_that_fails_has_an_error_for_the_check_that_waits_and_none_for_the_one_given_up() -> None:
    async def run() -> None:
        unheeded: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheeded.append(context["message"]))
        failing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def shielded() -> None:
            await asyncio.shield(failing)

        with pytest.raises(MustWait):
            result_now(shielded())
        waiting = asyncio.create_task(shielded())
        await asyncio.sleep(0)
        failing.set_exception(BadCredential("refused"))
        with pytest.raises(BadCredential):
            await waiting
        assert unheeded == []

    asyncio.run(run())


def test_a_check_that_was_given_up_is_no_attempt_of_its_address() -> None:
    refused, answer = RefusedCredentials(Clock()), asyncio.Event()

    async def check(*, is_bad: bool) -> None:
        with refused.trying("192.0.2.1", lambda: "credential"):
            if is_bad:
                raise BadCredential("refused")
            await answer.wait()

    async def run() -> None:
        for _ in range(BURST - 1):
            with pytest.raises(BadCredential):
                result_now(check(is_bad=True))
        for _ in range(3):
            with pytest.raises(MustWait):
                result_now(check(is_bad=False))
        with pytest.raises(BadCredential):
            result_now(check(is_bad=True))
        with pytest.raises(TooManyRefused):
            result_now(check(is_bad=False))

    asyncio.run(run())
