"""Who bears deficits after the statutory override, in words: one text for a choice, a table and a sentence each.

Invariant: the regimes are those of `forecast.finance.balance.REGIMES`, and a test holds them to it; the usual one comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RegimeWords:
    """Words for a funding regime.

    Parameters
    ----------
    choice
        Answer to "who bears deficits after the override".
    label
        Statement of a table.
    meaning
        What it does with new deficits, within a sentence.
    """

    choice: str
    label: str
    meaning: str


REGIME_WORDS: Mapping[str, RegimeWords] = {
    "authority_bears": RegimeWords(
        "The authority",
        "The authority bears it",
        "the council bears the whole of each new deficit after the override ends",
    ),
    "share": RegimeWords(
        "Shared",
        "Shared",
        "new deficits after the override ends are shared, in a proportion nobody has announced",
    ),
    "centre_bears": RegimeWords(
        "The centre, new deficits only",
        "The centre bears new deficits",
        "central government bears each new deficit after the override ends",
    ),
}
"""Name of each funding regime, with its words."""
