"""The list of people who may sign in and the role of each, read from a TOML file kept by whoever runs the planner.

Invariants: nobody who is not on the list is let in; an address of its own on the list beats its domain; a domain is matched
whole, so neither ``council.gov.uk.example.com`` nor ``notcouncil.gov.uk`` is ``council.gov.uk``; a list with anything wrong in it
lets nobody in.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.errors import PeopleError
from data.formatting import describe_control_character
from data.sign_in.people import Role

VARIABLE = "SENDPLAN_PEOPLE"
"""Environment variable that says where the list is."""

DEFAULT = Path(".streamlit") / "people.toml"
"""Where the list is, from the current folder, where nothing is said."""

LONGEST = 254
"""Most characters of an address (RFC 5321)."""

MOST_BYTES = 1_000_000
"""Longest list that is read, in bytes; several thousand people."""

LONGEST_LINE = 1_000
"""Longest line of the list, in characters."""

FOR_EVERYBODY: frozenset[str] = frozenset({
    "aol.com", "btinternet.com", "gmail.com", "googlemail.com", "hotmail.co.uk", "hotmail.com", "icloud.com", "live.co.uk",
    "live.com", "me.com", "msn.com", "outlook.com", "proton.me", "protonmail.com", "yahoo.co.uk", "yahoo.com",
})  # fmt: skip
"""Domains where anybody can get an address."""

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", re.ASCII)
_LOCAL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+", re.ASCII)

_WORDS: dict[str, str] = {
    "extra_forbidden": "is not a word this file knows; it knows domain, email and role",
    "missing": "is missing",
    "enum": f"is not a role; the roles are {', '.join(Role)}",
    "string_type": "is not text; put it in quotes",
    "too_short": "names nobody, so nobody could sign in",
}
"""What is wrong, by what pydantic calls it."""


def address(text: str) -> str | None:
    """Return an e-mail address in lower case, the form in which addresses are compared; None if the text is not an address.

    Letters outside ASCII are refused: some, such as the kelvin sign, become an ASCII letter in lower case, so another's address
    could be made to look like one on the list.
    """
    if not text.isascii() or len(text) > LONGEST:
        return None
    local, at, domain = text.lower().partition("@")
    return f"{local}@{domain}" if at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) else None


def _email(text: str) -> str:
    email = address(text)
    if email is None:
        raise ValueError(f"'{text}' is not an e-mail address")
    return email


def _domain(text: str) -> str:
    if not text.isascii() or not _DOMAIN.fullmatch(text.lower()):
        raise ValueError(f"'{text}' is not a domain; write it as council.gov.uk, without @ or *")
    return text.lower()


def _shown(text: str) -> str:
    if (odd := describe_control_character(text)) is not None:
        raise ValueError(odd.removesuffix("."))
    return text


class Allowed(BaseModel):
    """One entry of the list: a person, by address, or everybody at a domain, with a role."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Annotated[str, AfterValidator(_email)] | None = None
    domain: Annotated[str, AfterValidator(_domain)] | None = None
    role: Role

    @property
    def whom(self) -> str:
        """The entry's address or domain."""
        return self.email or self.domain or ""

    @model_validator(mode="after")
    def _one_and_safe(self) -> Allowed:
        if (self.email is None) == (self.domain is None):
            raise ValueError("says neither or both of email and domain; give one")
        if self.domain in FOR_EVERYBODY:
            raise ValueError(f"{self.domain} is where anybody can get an address; name people by email")
        if self.domain is not None and self.role is Role.ADMIN:
            raise ValueError(f"makes everybody at {self.domain} an admin; name admins by email")
        return self


class AllowList(BaseModel):
    """Everybody who may sign in, with the role of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact: Annotated[str, AfterValidator(_shown)] = Field(default="", max_length=200)
    """Whom somebody asks who is not on it."""

    allow: tuple[Allowed, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> AllowList:
        seen: set[str] = set()
        for entry in self.allow:
            if entry.whom in seen:
                raise ValueError(f"{entry.whom} is on the list twice; keep one")
            seen.add(entry.whom)
        return self

    def role_of(self, email: str) -> Role | None:
        """Return the role of an e-mail address, by its own entry before its domain's; None if it is not on the list."""
        normalised = address(email)
        if normalised is None:
            return None
        roles = {entry.whom: entry.role for entry in self.allow}
        return roles.get(normalised, roles.get(normalised.partition("@")[2]))


def path() -> Path:
    """Return the path of the list, whether or not the file exists."""
    return Path(os.environ.get(VARIABLE) or DEFAULT)


def read(where: Path) -> AllowList:
    """Read the list of people who may sign in from a TOML file.

    Raises
    ------
    PeopleError
        It is not there or cannot be used; every problem is listed.
    """
    try:
        content = tomllib.loads(_text(where))
    except FileNotFoundError:
        raise PeopleError(
            f"There is no list of people at {where}, so nobody can sign in. Write one (docs/sign-in.md has an example), or set "
            f"{VARIABLE} to where it is."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        why = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise PeopleError(
            f"The list of people {where} cannot be read ({why}), so nobody can sign in. Correct it; docs/sign-in.md has an "
            "example."
        ) from None
    try:
        return AllowList.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_describe_problem(one["loc"], one["type"], one["msg"]) for one in error.errors())
        raise PeopleError(
            f"The list of people {where} cannot be used, so nobody can sign in: {problems}. Correct it; docs/sign-in.md has an "
            "example."
        ) from None


def _text(where: Path) -> str:
    """Return the text of a file that is not too long to be read in a moment.

    Raises
    ------
    ValueError
        It is too long, or a line of it is, or it is not UTF-8.
    """
    with where.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    text = content.decode("utf-8")
    for number, line in enumerate(text.split("\n"), start=1):
        # Reading a key takes memory that grows with the square of its length.
        if len(line) > LONGEST_LINE:
            raise ValueError(f"line {number} has more than {LONGEST_LINE:,} characters")
    return text


def _describe_problem(at: tuple[int | str, ...], kind: str, message: str) -> str:
    """Return one validation problem in words; entries of the list are counted from 1."""
    where = [
        f"entry {part + 1}" if isinstance(part, int) else part
        for part in at
        if part != "allow" or len(at) == 1
    ]
    what = _WORDS.get(kind, message.removeprefix("Value error, "))
    return f"{', '.join(where)} {what}" if where else what
