"""Forecast against outturn in words: parts that add up to the error beside them, and what lay outside by name."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from data.areas import by_code
from data.panels import history_tables
from data.vocabulary import ALL
from forecast.presentation import audit_words
from forecast.validation.audit import BANDS, NEW, PLANS, PROVISIONS, Kept, Parts

KEPT = Kept(2025, "abcd1234", "2026-11-30")


def entry(*rows: tuple[str, str, float, float, float, float], la_code: int = 317) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["measure", "item", "p10", "p50", "p90", "actual"])
    inside = frame["actual"].between(frame["p10"], frame["p90"])
    return frame.assign(la_code=la_code, in_80=inside, in_95=inside)


OUTSIDE = entry(
    (PLANS, ALL, 950, 1000, 1050, 1100),
    (BANDS, "5-10", 400, 450, 500, 460),
    (BANDS, "11-15", 200, 220, 240, 260),
    (PROVISIONS, "state_special", 100, 120, 140, 180),
    (PROVISIONS, "not_recorded", 40, 50, 60, 0),
    (PROVISIONS, "ehe", 0, 0, 0, 0),
    (NEW, ALL, 100, 150, 200, 150),
)


def test_a_total_outside_its_interval_is_said_with_why() -> None:
    why = Parts(corrected=10.4, residents=-2.3, joining=70.2, ending=20.1, rounding=1.4)
    total, of_what, bands, kinds, elsewhere, new = audit_words.of_authority(
        "Redbridge", KEPT, 2026, OUTSIDE, why
    )
    assert (
        "expected 1,000 (950 to 1,050) plans in Redbridge. 1,100 were returned: 100 more than the middle (9.1 %)"
        in total
    )
    assert "50 above the 80 % interval" in total
    assert "kept on 30 November 2026" in total
    assert of_what.startswith(
        "Of these +100 plans, +10 because the start was corrected since; -2 because there were fewer residents"
    )
    assert "fewer plans that ended" in of_what
    numbers = [int(n.replace(",", "")) for n in re.findall(r"(?<!these )([+-][\d,]+)(?= because)", of_what)]
    assert sum(numbers) == 100
    assert (
        bands
        == "Of 2 age bands 1 lay inside their 80 % intervals; not: Age 11-15 (220 expected, 260 returned)."
    )
    assert "Of 2 kinds of provision 0 lay inside" in kinds
    assert "50 plans stand under another kind of provision than expected" in elsewhere
    assert new == "New plans in 2025: 150 (100 to 200) expected, 150 made, inside the 80 % interval."


def test_parts_that_round_away_still_add_up() -> None:
    why = Parts(0.4, 0.4, 0.4, 0.4, 0.4)
    line = audit_words.of_authority("X", KEPT, 2026, entry((PLANS, ALL, 1, 10, 20, 12)), why)[1]
    assert sum(int(n) for n in re.findall(r"([+-]\d+) because", line)) == 2


def test_without_flows_or_a_total_that_is_said() -> None:
    assert (
        "Why cannot be said"
        in audit_words.of_authority("X", KEPT, 2026, entry((PLANS, ALL, 1, 10, 20, 12)), None)[1]
    )
    (line,) = audit_words.of_authority("X", KEPT, 2026, entry((NEW, ALL, 1, 2, 3, 2)), None)
    assert "no total of January 2026" in line


def test_all_authorities_are_counted_and_the_worst_measure_named() -> None:
    many = pd.concat(
        [
            entry(
                (PLANS, ALL, 95, 100, 105, 101 if k % 5 else 120), (BANDS, "0-4", 5, 6, 7, 9), la_code=301 + k
            )
            for k in range(40)
        ]
    )
    why = {301 + k: Parts(0, 0, 4.0, 0, 0.8) for k in range(40)}
    inside, missed, parts, worst = audit_words.of_england(KEPT, 2026, many, why)
    assert "of 40 authorities with a figure, 32 (80 %) lay inside" in inside
    assert "fewer plans than were returned" in missed
    assert "The 40 authorities that returned every flow came to +192 plans from the middles" in parts
    assert worst == "'Age 0-4' did worst: 0 % of 40 authorities lay inside its 80 % interval."


@pytest.mark.parametrize("area", [317, None])
def test_the_shipped_audit_reads(area: int | None) -> None:
    history = history_tables.load("current")
    first = audit_words.audited(history, None if area is None else by_code(area))[0]
    assert "January 2026" in first.title
    assert all(sentence.endswith(".") for sentence in first.sentences)
    assert first.table.iloc[0, 0] == "All EHC plans"
    assert not first.table.astype(str).apply(lambda column: column.str.contains("nan")).any(axis=None)
