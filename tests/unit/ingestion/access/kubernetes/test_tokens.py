"""Tokens that are refused without asking the API server."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest

from darkroom_ingestion.access.kubernetes.reviews import Reviews
from darkroom_ingestion.access.kubernetes.tokens import KubernetesTokens
from darkroom_ingestion.access.protocols import AccessUnavailable, BadCredential
from darkroom_ingestion.catalog.cluster.api_server import ApiServer
from darkroom_ingestion.metrics import Metrics


def token(**claims: Any) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.c2ln"


async def caller_of(token: str, folder: Path) -> None:
    reviews = Reviews(ApiServer("http://127.0.0.1:1", folder), Metrics())
    await KubernetesTokens(reviews, "darkroom").caller_of(token)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (token(aud=["darkroom"], exp=1_000_000_000), "has expired"),
        (token(aud=["https://kubernetes.default.svc"]), "for another audience than darkroom"),
        ("", "does not recognise"),
        ("x" * 20_000, "does not recognise"),
    ],
)
def test_a_token_that_can_not_be_valid_is_not_reviewed(tmp_path: Path, refused: str, words: str) -> None:
    with pytest.raises(BadCredential, match=words):
        asyncio.run(caller_of(refused, tmp_path))


def test_any_other_token_is(tmp_path: Path) -> None:
    with pytest.raises(AccessUnavailable):
        asyncio.run(caller_of(token(aud=["darkroom"]), tmp_path))
