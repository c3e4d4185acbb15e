"""An unsaved scenario as a short text that fits into the address of a page.

Invariants: `unpacked(packed(unsaved)) == unsaved`; whatever a text holds, reading it returns a scenario or raises one
`ScenarioError`, in time and memory that are limited.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from functools import lru_cache

from data.errors import ScenarioError
from scenarios.reading import from_values, to_values
from scenarios.scenario import Scenario

MARK = "~"
"""First character of the text; no id of a scenario has it, and addresses keep it as it is."""

LONGEST = 6_000
"""Most characters of a text: servers and mail programs cut addresses of more than about 8,000."""

LARGEST = 400_000
"""Most bytes a text may unfold to, so that a short one cannot fill the memory."""


MOST = 32
"""Texts whose scenario is remembered: a page asks for the same one many times."""


@dataclass(frozen=True)
class Unsaved:
    """A scenario being edited that has not been saved.

    Parameters
    ----------
    scenario
        What it says now.
    began
        Version of the store that the work began from; 0 for a new scenario.
    """

    scenario: Scenario
    began: int = 0


def pack(unsaved: Unsaved) -> str:
    """Return an unsaved scenario as text of letters, digits, ``-``, ``_`` and `MARK`.

    Raises
    ------
    ScenarioError
        It is too long for an address.
    """
    text = json.dumps([unsaved.began, to_values(unsaved.scenario)], separators=(",", ":"), ensure_ascii=False)
    encoded = MARK + base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    if len(encoded) > LONGEST:
        raise ScenarioError(
            f"Scenario '{unsaved.scenario.id}' is too long to work on in the address of a page ({len(encoded):,} characters; at "
            f"most {LONGEST:,} are safe), so the last change was not made. Shorten its texts or split it; or write it to a "
            "file, and save that with sendplan scenario save."
        )
    return encoded


@lru_cache(maxsize=MOST)
def unpack(text: str) -> Unsaved:
    """Return the unsaved scenario in a text made by `pack`.

    Raises
    ------
    ScenarioError
        The text was cut or changed, or what it holds is not a scenario.
    """
    if len(text) > LONGEST or not text.startswith(MARK):
        raise _cut()
    coded = text.removeprefix(MARK)
    try:
        compressed = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        reader = zlib.decompressobj()
        unfolded = reader.decompress(compressed, LARGEST)
        if not reader.eof:
            raise _cut()
        value = json.loads(unfolded)
    except (binascii.Error, zlib.error, ValueError, RecursionError):
        raise _cut() from None
    match value:
        case [int(began), dict(values)] if began >= 0 and not isinstance(began, bool):
            return Unsaved(from_values(values, "The scenario in this address"), began)
    raise _cut()


def _cut() -> ScenarioError:
    return ScenarioError(
        "The scenario in this address cannot be read: the address was cut or changed on its way. Ask whoever sent it to send it "
        "again, or to save the scenario and send that link."
    )
