"""A scenario in an address: it comes back as it was, and what was cut, changed or made to harm is refused."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import ScenarioError
from scenarios import reading
from scenarios.scenario import Scenario
from scenarios.unsaved import LARGEST, LONGEST, MARK, Unsaved, pack, unpack


def coded(value: object) -> str:
    """Return any value the way a scenario is packed."""
    held = zlib.compress(json.dumps(value).encode())
    return MARK + base64.urlsafe_b64encode(held).decode().rstrip("=")


@pytest.mark.parametrize("name", sorted(reading.library()))
def test_what_is_packed_comes_back(name: str) -> None:
    work = Unsaved(reading.resolve(name), 7)
    text = pack(work)
    assert unpack(text) == work
    assert re.fullmatch(r"~[A-Za-z0-9_-]+", text)


def test_a_text_is_short_enough_to_send() -> None:
    assert max(len(pack(Unsaved(reading.resolve(name)))) for name in reading.library()) < 3_500


@pytest.mark.parametrize(
    "text",
    [
        "", "~", "baseline", "~@@@", pack(Unsaved(reading.find("low-births")))[:-9], "~" + "A" * LONGEST,
        coded([0]), coded([-1, {}]), coded([True, {}]), coded({"id": "a"}), coded([0, [1]]),
    ],
)  # fmt: skip
def test_what_was_cut_or_changed_is_refused_in_plain_words(text: str) -> None:
    with pytest.raises(ScenarioError, match="was cut or changed"):
        unpack(text)


def test_what_holds_no_scenario_says_why() -> None:
    with pytest.raises(ScenarioError, match="title: is missing"):
        unpack(coded([0, {"id": "a"}]))


def test_a_text_that_would_unfold_to_much_is_refused() -> None:
    bomb = coded("a" * (LARGEST + 10))
    assert len(bomb) < LONGEST
    with pytest.raises(ScenarioError, match="was cut or changed"):
        unpack(bomb)


def test_a_scenario_too_long_for_an_address_is_refused_with_what_to_do() -> None:
    caveats = tuple(
        "".join(hashlib.sha256(f"{i} {j}".encode()).hexdigest() for j in range(6)) for i in range(30)
    )
    with pytest.raises(ScenarioError, match="too long to work on in the address"):
        pack(Unsaved(Scenario(id="long", title="Long", caveats=caveats)))


@given(st.text(max_size=200))
def test_no_text_is_anything_but_a_scenario_or_one_error(text: str) -> None:
    with pytest.raises(ScenarioError):
        unpack(MARK + text)
