"""The person who uses the planner, their role, and what each role may do.

Invariant: whatever writes to a store asks `require` before anything is written, so a page or command that forgets to ask first is
refused all the same.
"""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import StrEnum

from data.errors import NotAllowedError, OptionError
from data.formatting import describe_control_character, quoted


class Right(StrEnum):
    """An action that a role may or may not take; the value follows "may" or "may not" in a sentence.

    Looking, working without saving and downloading need no right.
    """

    KEEP_SCENARIOS = "save scenarios"
    KEEP_REGISTERS = "keep registers of places"
    KEEP_UNIT_COSTS = "keep unit costs"
    KEEP_SCHEMES = "keep lists of schemes"
    KEEP_COUNTS = "keep the council's own counts"
    IMPORT = "bring in what others saved elsewhere"
    FIT = "fit the models again"


class Role(StrEnum):
    """A person's role in the planner."""

    VIEWER = "viewer"
    PLANNER = "planner"
    FINANCE = "finance"
    ADMIN = "admin"

    @property
    def rights(self) -> frozenset[Right]:
        """The actions this role may take."""
        return _RIGHTS[self]


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset(),
    Role.PLANNER: frozenset(
        {Right.KEEP_SCENARIOS, Right.KEEP_REGISTERS, Right.KEEP_SCHEMES, Right.KEEP_COUNTS}
    ),
    Role.FINANCE: frozenset({Right.KEEP_SCENARIOS, Right.KEEP_UNIT_COSTS, Right.KEEP_SCHEMES}),
    Role.ADMIN: frozenset(Right),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A person who uses the planner.

    Parameters
    ----------
    name
        For people. Many providers let everybody choose their own, so it proves nothing.
    email
        Address that was signed in with; blank for the one person of a computer without sign-in.
    role
        What they are to the planner.
    """

    name: str
    email: str
    role: Role

    @property
    def signature(self) -> str:
        """The name written in histories, with the e-mail address where they signed in, since anybody may choose a name."""
        return f"{self.name} ({self.email})" if self.email else self.name


def allowed(person: Person, right: Right) -> bool:
    """Return whether a person's role allows an action."""
    return right in person.role.rights


def why_not(person: Person, right: Right) -> str:
    """Return, in words, why a person may not take an action and whom to ask; blank if they may."""
    if allowed(person, right):
        return ""
    able = [role.value for role in Role if right in role.rights]
    roles = f"{', '.join(able[:-1])} or {able[-1]}" if len(able) > 1 else able[0]
    return (
        f"{person.signature} has the role {person.role.value}, which may not {right.value}. Ask whoever runs the planner for the "
        f"role {roles}, or ask somebody who has it to do this."
    )


def require(person: Person, right: Right) -> None:
    """Raise an error if a person's role does not allow an action.

    Raises
    ------
    NotAllowedError
        They may not.
    """
    why = why_not(person, right)
    if why:
        raise NotAllowedError(f"{why} Nothing was kept.")


def this_computer(name: str | None = None) -> Person:
    """Return the one person of a computer without sign-in, an admin: whoever has the files could change them anyway.

    Parameters
    ----------
    name
        What they call themselves; the user name of the computer where None.

    Raises
    ------
    OptionError
        No name was given, and the computer does not know its user; or the name holds a character that cannot be shown.
    """
    if name is None:
        try:
            name = getpass.getuser()
        except (KeyError, OSError, ImportError):
            raise OptionError(
                "The history needs a name, but this computer does not say who uses it. Add --who and your name."
            ) from None
    if (odd := describe_control_character(name)) is not None:
        raise OptionError(f"The name {quoted(name)} {odd} Nothing was kept.")
    return Person(name, "", Role.ADMIN)
