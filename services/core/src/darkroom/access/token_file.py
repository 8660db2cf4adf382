"""Token files: callers of the ingestion service, their tokens and their rights."""

import hashlib
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from darkroom.access.right import Right
from darkroom.errors import DarkroomError
from darkroom.schema import StrictModel


class BadTokenFile(DarkroomError):
    """The token file can't be read, or its content is invalid."""


_Name = Annotated[str, Field(min_length=1, max_length=1_024)]


class Entry(StrictModel):
    """A caller or a group, and what it may do with some pipelines. Several entries may have the same name.

    Attributes:
        name: the name of a caller with a token.
        token: the caller's token.
        sha256: instead of the token, its SHA-256 digest in hexadecimal digits.
        oidc_user: instead of a name and a token, a user of the OpenID Connect provider, with the prefix of its users.
        oidc_group: a group of that provider, with the prefix of its groups.
        proxy_user: a user that a trusted proxy names.
        proxy_group: a group that a trusted proxy names.
        pipelines: patterns of `namespace/name`, such as `demo/*`.
        rights: what the caller may do with the images of these pipelines.
    """

    name: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[!-~]+$")] | None = None
    token: Annotated[str, Field(min_length=16, max_length=4096, pattern=r"^[!-~]+$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    oidc_user: _Name | None = None
    oidc_group: _Name | None = None
    proxy_user: _Name | None = None
    proxy_group: _Name | None = None
    pipelines: list[Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]]
    rights: list[Right]

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        others = (self.oidc_user, self.oidc_group, self.proxy_user, self.proxy_group)
        if sum(one is not None for one in (self.token, self.sha256, *others)) != 1:
            raise ValueError("set one of token, sha256, oidcUser, oidcGroup, proxyUser and proxyGroup")
        if (self.name is None) == (self.digest is not None):
            raise ValueError("a name belongs to a token or its sha256")
        return self

    @property
    def digest(self) -> bytes | None:
        """The SHA-256 digest of the token; None if the entry has none."""
        if self.token is not None:
            return token_digest(self.token)
        return None if self.sha256 is None else bytes.fromhex(self.sha256)


class Document(StrictModel):
    """The content of a token file."""

    tokens: list[Entry]


def read_entries(path: Path) -> list[Entry]:
    """The entries of a token file.

    Raises:
        BadTokenFile: the file can't be read, or its content is invalid.
    """
    try:
        entries = Document.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))).tokens
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadTokenFile(f"token file {path} can't be read: {reason}") from error
    except yaml.YAMLError as error:
        # Not the error's text, which quotes the file.
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" at line {mark.line + 1}"
        raise BadTokenFile(f"token file {path} is not valid YAML{line}") from None
    except ValidationError as error:
        detail = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise BadTokenFile(f"token file {path}: {where}: {detail['msg']}") from None
    names: dict[bytes, str | None] = {}
    for entry in entries:
        if entry.digest is not None and names.setdefault(entry.digest, entry.name) != entry.name:
            raise BadTokenFile(f"token file {path}: {names[entry.digest]} and {entry.name} have the same token")
    return entries


def token_digest(token: str) -> bytes:
    """The SHA-256 digest by which a token is looked up: tables of tokens themselves would show in a memory dump."""
    return hashlib.sha256(token.encode(errors="replace")).digest()
