"""The session of a browser."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from darkroom.access.right import Right
from darkroom_ingestion.access.caller import Method
from darkroom_ingestion.access_settings import AccessMode
from darkroom_ingestion.http.documents.base import Document


class Credential(Document):
    """What to sign in with."""

    token: str = Field(min_length=1, max_length=16_384, description="A bearer token that the service accepts.")


class Session(Document):
    """Who is signed in."""

    name: str = Field(examples=["alice"])
    groups: list[str]
    method: Method = Field(description="How the caller has proved its name.")
    expires_at: datetime | None = Field(None, description="When the session or the token ends.")
    access: AccessMode = Field(description="Whether and how the service checks its callers.")
    login: list[Literal["token", "oidc"]] = Field(description="How people can sign in.")
    rights: list[Right] | None = Field(None, description="With `pipeline`: what the caller may do with its images.")
