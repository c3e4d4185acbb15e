"""Roles and what they may do."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest

from data.errors import NotAllowedError, OptionError, PlannerError
from data.sign_in.people import Person, Right, Role, allowed, require, this_computer, why_not

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "sign-in.md"

SAID = {
    "Save scenarios": Right.KEEP_SCENARIOS,
    "Keep registers of places": Right.KEEP_REGISTERS,
    "Keep unit costs": Right.KEEP_UNIT_COSTS,
    "Keep lists of schemes": Right.KEEP_SCHEMES,
    "Keep the council's own counts": Right.KEEP_COUNTS,
    "Bring in an export of another store (command line only)": Right.IMPORT,
    "Fit the models again": Right.FIT,
}
"""Rows of the guide's table."""

MAY = {
    Role.VIEWER: set(),
    Role.PLANNER: {Right.KEEP_SCENARIOS, Right.KEEP_REGISTERS, Right.KEEP_SCHEMES, Right.KEEP_COUNTS},
    Role.FINANCE: {Right.KEEP_SCENARIOS, Right.KEEP_UNIT_COSTS, Right.KEEP_SCHEMES},
    Role.ADMIN: set(Right),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_each_role_may_do_what_it_is_for_and_no_more(role: Role, right: Right) -> None:
    who = Person("Pat Lee", "pat@council.gov.uk", role)
    may = right in MAY[role]
    assert allowed(who, right) is may
    assert (why_not(who, right) == "") is may
    if may:
        require(who, right)
    else:
        with pytest.raises(NotAllowedError, match="Nothing was kept"):
            require(who, right)


def test_the_table_in_the_guide_is_what_roles_may_do() -> None:
    rows = [
        [c.strip() for c in line.strip("|").split("|")]
        for line in GUIDE.read_text().splitlines()
        if "|" in line
    ]
    start = rows.index(["", *(role.value for role in Role)])
    told = {row[0]: row[1:] for row in rows[start + 2 : start + 10]}
    for words, right in SAID.items():
        assert told[words] == ["yes" if allowed(Person("x", "", role), right) else "no" for role in Role]
    assert set(SAID.values()) == set(Right)


def test_a_refusal_says_who_in_what_role_what_and_whom_to_ask() -> None:
    who = Person("Pat Lee", "pat@council.gov.uk", Role.PLANNER)
    with pytest.raises(PlannerError) as caught:
        require(who, Right.KEEP_UNIT_COSTS)
    assert str(caught.value) == (
        "Pat Lee (pat@council.gov.uk) has the role planner, which may not keep unit costs. Ask whoever runs the planner for the "
        "role finance or admin, or ask somebody who has it to do this. Nothing was kept."
    )
    assert isinstance(caught.value, PermissionError)


def test_the_one_person_of_a_computer_may_do_everything_under_its_name() -> None:
    assert this_computer() == Person(getpass.getuser(), "", Role.ADMIN)
    assert this_computer("Jo").signature == "Jo"


def test_a_name_that_cannot_be_shown_is_refused() -> None:
    with pytest.raises(
        OptionError, match=r"The name 'Jo \[2J' holds the character U\+001B, which cannot be shown"
    ):
        this_computer("Jo\x1b[2J")


def test_a_computer_that_does_not_know_its_user_asks_for_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    with pytest.raises(OptionError, match="--who"):
        this_computer()
    assert this_computer("Jo").name == "Jo"
