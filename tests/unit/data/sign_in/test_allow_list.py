"""The list of people: who is on it, and lists that cannot be used."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from data.errors import PeopleError
from data.sign_in import allow_list
from data.sign_in.allow_list import AllowList, address
from data.sign_in.people import Role

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "sign-in.md"

GOOD = """
contact = "send.data@council.gov.uk"

[[allow]]
domain = "Council.gov.uk"
role = "viewer"

[[allow]]
email = "Jo.Smith@council.gov.uk"
role = "planner"
"""


def listed(tmp_path: Path, text: str) -> AllowList:
    path = tmp_path / "people.toml"
    path.write_text(text, encoding="utf-8")
    return allow_list.read(path)


@pytest.mark.parametrize(
    ("email", "role"),
    [
        ("pat@council.gov.uk", Role.VIEWER),
        ("PAT@COUNCIL.GOV.UK", Role.VIEWER),
        ("jo.smith@council.gov.uk", Role.PLANNER),
        ("JO.SMITH@Council.Gov.UK", Role.PLANNER),
        ("jo.smith@elsewhere.gov.uk", None),
        ("pat@notcouncil.gov.uk", None),
        ("pat@sub.council.gov.uk", None),
        ("pat@council.gov.uk.example.com", None),
        ("pat@evil.com@council.gov.uk", None),
        ("pat council.gov.uk", None),
        ("@council.gov.uk", None),
        ("council.gov.uk", None),
        (" pat@council.gov.uk", None),
        ("pat@council.gov.uk\n", None),
        ("", None),
    ],
)
def test_an_address_beats_its_domain_and_a_domain_is_matched_whole(
    tmp_path: Path, email: str, role: Role | None
) -> None:
    assert listed(tmp_path, GOOD).role_of(email) is role


def test_a_letter_that_only_looks_like_one_of_ours_is_no_address(tmp_path: Path) -> None:
    kelvin = "\u212a"
    assert kelvin.lower() == "k"
    people = listed(tmp_path, '[[allow]]\ndomain = "kent.gov.uk"\nrole = "viewer"\n')
    assert people.role_of("jo@kent.gov.uk") is Role.VIEWER
    assert people.role_of(f"jo@{kelvin}ent.gov.uk") is None
    assert address(f"{kelvin}im@kent.gov.uk") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "allow is missing"),
        ("allow = []", "allow names nobody"),
        ('[[allow]]\ndomain = "council.gov.uk"', "entry 1, role is missing"),
        (
            '[[allow]]\ndomain = "council.gov.uk"\nrole = "boss"',
            "the roles are viewer, planner, finance, admin",
        ),
        ('[[allow]]\nrole = "viewer"', "entry 1 says neither or both of email and domain"),
        ('[[allow]]\nemail = "a@b.gov.uk"\ndomain = "b.gov.uk"\nrole = "viewer"', "says neither or both"),
        ('[[allow]]\ndomain = "*.gov.uk"\nrole = "viewer"', "'*.gov.uk' is not a domain"),
        ('[[allow]]\ndomain = "@council.gov.uk"\nrole = "viewer"', "is not a domain"),
        ('[[allow]]\nemail = "jo"\nrole = "viewer"', "'jo' is not an e-mail address"),
        ('[[allow]]\ndomain = "gmail.com"\nrole = "viewer"', "anybody can get an address"),
        ('[[allow]]\ndomain = "council.gov.uk"\nrole = "admin"', "name admins by email"),
        ('[[allow]]\ndomian = "council.gov.uk"\nrole = "viewer"', "domian is not a word this file knows"),
        (
            GOOD + '[[allow]]\ndomain = "council.gov.UK"\nrole = "finance"',
            "council.gov.uk is on the list twice",
        ),
        (
            GOOD.replace("send.data@", r"\u001b[2J@"),
            "contact holds the character U+001B, which cannot be shown",
        ),
        ("[[allow", "cannot be read"),
        ("a = [\n" + "[\n" * 5_000, "nested too deep"),
        (".".join("a" * 5_000), "line 1 has more than 1,000 characters"),
        ("#\n" * 500_001, "more than 1,000,000 bytes"),
    ],
)
def test_a_list_with_anything_wrong_lets_nobody_in_and_says_what(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(PeopleError) as caught:
        listed(tmp_path, text)
    assert said in str(caught.value)
    assert "nobody can sign in" in str(caught.value)


def test_the_list_in_the_guide_can_be_used(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    (text,) = [textwrap.dedent(b) for b in blocks if "[[allow]]" in b]
    people = listed(tmp_path, text)
    assert [people.role_of(f"{who}@council.gov.uk") for who in ("pat", "jo.smith", "sam.jones")] == [
        Role.VIEWER, Role.PLANNER, Role.ADMIN,
    ]  # fmt: skip


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    text = '[[allow]]\nemail = "jo"\nrole = "boss"\n[[allow]]\ndomain = "x"\nrole = "viewer"'
    with pytest.raises(PeopleError, match=r"entry 1, email .*entry 1, role .*entry 2, domain "):
        listed(tmp_path, text)


def test_a_list_that_is_not_there_says_where_it_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(allow_list.VARIABLE, raising=False)
    assert allow_list.path() == Path(".streamlit/people.toml")
    monkeypatch.setenv(allow_list.VARIABLE, str(tmp_path / "mine.toml"))
    with pytest.raises(PeopleError, match=r"no list of people at .*mine\.toml"):
        allow_list.read(allow_list.path())
