"""Who is let in: this computer alone, or people on the list who signed in today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.sign_in.allow_list import AllowList
from data.sign_in.people import Person, Role
from forecast.ui.frame import access_rules
from forecast.ui.frame.access_rules import Closed, only_here, problems, visitor

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

PEOPLE = AllowList.model_validate(
    {
        "contact": "send.data@council.gov.uk",
        "allow": [
            {"domain": "council.gov.uk", "role": "viewer"},
            {"email": "jo@council.gov.uk", "role": "planner"},
        ],
    }
)

CLAIMS = {"is_logged_in": True, "iat": NOW.timestamp() - 60, "email": "Jo@council.gov.uk", "name": "Jo Smith"}

AUTH = {
    "redirect_uri": "https://planner.council.gov.uk/oauth2callback",
    "cookie_secret": "s" * 40,
    "client_id": "1",
    "client_secret": "2",
    "server_metadata_url": "https://login.microsoftonline.com/11111111-2222/v2.0/.well-known/openid-configuration",
}


@pytest.mark.parametrize(
    ("listens_on", "headers"),
    [
        ("127.0.0.1", {"Host": "localhost:8501", "Origin": "http://localhost:8501"}),
        ("127.0.0.1", {"Host": "127.0.0.1:8501"}),
        ("localhost", {"host": "LOCALHOST"}),
        ("::1", {"Host": "[::1]:8501"}),
        ("127.0.0.1", {}),
    ],
)
def test_a_browser_on_this_computer_is_let_in(listens_on: str, headers: dict[str, str]) -> None:
    assert only_here(listens_on, headers)


@pytest.mark.parametrize(
    ("listens_on", "headers"),
    [
        (None, {"Host": "localhost"}),
        ("0.0.0.0", {"Host": "localhost"}),
        ("::", {"Host": "localhost"}),
        ("planner.council.gov.uk", {"Host": "localhost"}),
        ("127.0.0.1", {"Host": "planner.council.gov.uk"}),
        ("127.0.0.1", {"Host": "localhost.evil.com"}),
        ("127.0.0.1", {"Host": "evil.com:localhost"}),
        ("127.0.0.1", {"Host": "localhost@evil.com"}),
        ("127.0.0.1", {"Host": "[::1"}),
        ("127.0.0.1", {"Origin": "http://localhost"}),
        ("127.0.0.1", {"Host": ""}),
        ("127.0.0.1", {"Host": "127.0.0.1:8501", "Origin": "https://planner.council.gov.uk"}),
        ("127.0.0.1", {"Host": "127.0.0.1:8501", "Origin": "null"}),
        ("127.0.0.1", {"Host": "127.0.0.1:8501", "X-Forwarded-For": "10.1.1.1"}),
        ("127.0.0.1", {"Host": "127.0.0.1:8501", "via": "1.1 proxy"}),
    ],
)
def test_from_elsewhere_or_through_a_proxy_nobody_is_let_in(
    listens_on: str | None, headers: dict[str, str]
) -> None:
    assert not only_here(listens_on, headers)


@pytest.mark.parametrize(
    ("listens_on", "every"),
    [(None, True), ("0.0.0.0", True), ("::", True), ("127.0.0.1", False), ("planner.council.gov.uk", False)],
)
def test_a_server_that_listens_everywhere_is_told(listens_on: str | None, every: bool) -> None:
    assert access_rules.is_every_address(listens_on) is every


def test_somebody_on_the_list_is_let_in_in_their_role() -> None:
    assert visitor(CLAIMS, PEOPLE, NOW) == Person("Jo Smith", "jo@council.gov.uk", Role.PLANNER)
    assert visitor(CLAIMS | {"email": "x@council.gov.uk"}, PEOPLE, NOW) == Person(
        "Jo Smith", "x@council.gov.uk", Role.VIEWER
    )


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address_is_let_in(verified: object) -> None:
    assert isinstance(visitor(CLAIMS | {"email_verified": verified}, PEOPLE, NOW), Person)


@pytest.mark.parametrize("verified", [False, "false", None, 0, 1, "yes", []])
def test_an_unverified_address_is_refused(verified: object) -> None:
    found = visitor(CLAIMS | {"email_verified": verified}, PEOPLE, NOW)
    assert isinstance(found, Closed)
    assert "not verified" in found.words
    assert (found.sign_in, found.sign_out) == (False, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "jo@elsewhere.gov.uk"}, "jo@elsewhere.gov.uk, which is not on the list"),
        ({"email": "jo@elsewhere.gov.uk"}, "Ask send.data@council.gov.uk"),
        ({"email": None}, "no e-mail address"),
        ({"email": ["jo@council.gov.uk"]}, "no e-mail address"),
        ({"email": None, "preferred_username": "jo@council.gov.uk"}, "no e-mail address"),
    ],
)
def test_a_stranger_is_refused_with_whom_to_ask(change: dict[str, object], said: str) -> None:
    found = visitor(CLAIMS | change, PEOPLE, NOW)
    assert isinstance(found, Closed)
    assert said in found.words
    assert found.sign_out


@pytest.mark.parametrize("logged_in", [False, None, "true", 1])
def test_who_has_not_signed_in_is_asked_to(logged_in: object) -> None:
    found = visitor(CLAIMS | {"is_logged_in": logged_in}, PEOPLE, NOW)
    assert isinstance(found, Closed)
    assert found.sign_in
    assert not found.sign_out


@pytest.mark.parametrize(
    ("issued", "fresh"),
    [
        (NOW - access_rules.LASTS, True),
        (NOW - access_rules.LASTS - timedelta(seconds=1), False),
        (NOW + access_rules.AHEAD, True),
        (NOW + access_rules.AHEAD + timedelta(seconds=1), False),
    ],
    ids=["12 hours", "just over", "a clock ahead", "too far ahead"],
)
def test_signing_in_lasts_a_working_day(issued: datetime, fresh: bool) -> None:
    assert isinstance(visitor(CLAIMS | {"iat": issued.timestamp()}, PEOPLE, NOW), Person) is fresh


@pytest.mark.parametrize("issued", [None, "now", True, float("nan"), 1e30], ids=str)
def test_a_time_that_cannot_be_read_is_not_today(issued: object) -> None:
    found = visitor(CLAIMS | {"iat": issued}, PEOPLE, NOW)
    assert isinstance(found, Closed)
    assert found.heading == "Sign in again"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Jo\n\x1b[31m\u2028Smith\u202e", "Jo [31m Smith"),
        ("", "jo"),
        (None, "jo"),
        (5, "jo"),
        ("x" * 500, "x" * 100),
    ],
    ids=["strange", "blank", "none", "number", "long"],
)
def test_a_name_is_one_line_that_can_be_shown(said: object, kept: str) -> None:
    found = visitor(CLAIMS | {"name": said}, PEOPLE, NOW)
    assert isinstance(found, Person)
    assert found.name == kept


def test_good_settings_have_no_problems() -> None:
    assert problems(AUTH) == []
    assert problems(AUTH | {"redirect_uri": "http://localhost:8501/oauth2callback"}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"client_id": ""}, "client_id is missing"),
        ({"cookie_secret": "short-but-secret"}, "fewer than 32 characters"),
        ({"redirect_uri": "http://planner.council.gov.uk/oauth2callback"}, "redirect_uri is not"),
        ({"redirect_uri": "https://planner.council.gov.uk/"}, "redirect_uri is not"),
        ({"redirect_uri": "https://[oops/oauth2callback"}, "redirect_uri is not"),
        ({"server_metadata_url": "http://idp.council.gov.uk/x"}, "not an https address"),
        (
            {
                "server_metadata_url": "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration"
            },
            "your own tenant's number",
        ),
        (
            {
                "server_metadata_url": "https://LOGIN.microsoftonline.com/Organizations/v2.0/.well-known/openid-configuration"
            },
            "your own tenant's number",
        ),
    ],
)
def test_settings_that_are_missing_or_unsafe_are_said(change: dict[str, str], said: str) -> None:
    found = "; ".join(problems(AUTH | change))
    assert said in found
    assert "short-but-secret" not in found


def test_no_settings_at_all_name_every_one() -> None:
    assert len(problems({})) == len(access_rules.NEEDED)
