"""Whatever the register: no place is lost between rows and phases, and a file gives back what it took."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data.register import (
    BASES,
    COLUMNS,
    CONFIDENCES,
    LOCATIONS,
    STATUSES,
    Register,
    academic_year,
    in_force,
    places_by_phase,
)
from data.register_file import read_register, write_register
from data.vocabulary import NEED_CODES, PROVISION_CODES, SPECIALIST_PROVISIONS

WHOLE = {"urn": "Int64", "age_low": "int64", "age_high": "int64", "places": "int64"}
DTYPES = {column: WHOLE.get(column, "str") for column in COLUMNS}

# A cell is trimmed on reading, so registers hold trimmed text; a lone surrogate is not text at all.
words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).map(str.strip).filter(bool)
risky = st.builds(str.__add__, st.sampled_from(["=", "+", "-", "@", "'", "'=", "''@"]), words)
texts = st.one_of(words, risky)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    low = draw(st.integers(0, 25))
    start = draw(st.integers(2020, 2035))
    end = draw(st.one_of(st.none(), st.integers(start, 2036)))
    needs = draw(st.one_of(st.just({"All"}), st.sets(st.sampled_from(NEED_CODES), min_size=1)))
    return {
        "setting": draw(texts),
        "urn": draw(st.one_of(st.none(), st.integers(100_000, 999_999))),
        "provision": draw(st.sampled_from(PROVISION_CODES)),
        "needs": ";".join(sorted(needs, key=["All", *NEED_CODES].index)),
        "age_low": low,
        "age_high": draw(st.integers(low, 25)),
        "from_academic_year": academic_year(start),
        "to_academic_year": None if end is None else academic_year(end),
        "places": draw(st.integers(0, 5_000)),
        "located": draw(st.sampled_from(LOCATIONS)),
        "status": draw(st.sampled_from(STATUSES)),
        "basis": draw(st.sampled_from(BASES)),
        "confidence": draw(st.sampled_from(CONFIDENCES)),
        "source": draw(texts),
        "note": draw(st.one_of(st.none(), texts)),
    }


registers = st.lists(rows(), min_size=1, max_size=6, unique_by=lambda r: str(r["setting"]).casefold()).map(
    lambda made: Register(317, pd.DataFrame(made, columns=list(COLUMNS)).astype(DTYPES), "made")
)


@settings(deadline=None, max_examples=60)
@given(registers, st.integers(2019, 2037), st.sets(st.sampled_from(STATUSES)))
def test_phases_sum_to_rows(register: Register, january: int, statuses: set[str]) -> None:
    places = places_by_phase(register, [january], statuses=tuple(statuses))
    assert (places["places"] >= 0).all()
    valid = in_force(register, january, statuses=tuple(statuses))
    for provision in SPECIALIST_PROVISIONS:
        for located in LOCATIONS:
            by_phase, by_row = (
                table.loc[(table["provision"] == provision) & (table["located"] == located), "places"].sum()
                for table in (places, valid)
            )
            assert abs(by_phase - by_row) < 1e-6


@settings(deadline=None, max_examples=60)
@given(registers)
def test_writing_and_reading_changes_nothing(register: Register) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "register.csv"
        write_register(register, path)
        assert [p.name for p in Path(folder).iterdir()] == ["register.csv"], "no draft is left"
        pd.testing.assert_frame_equal(read_register(path, 317).rows, register.rows)


@settings(deadline=None, max_examples=60)
@given(registers, st.integers(1, 500))
def test_more_places_in_a_row_never_lower_a_phase(register: Register, extra: int) -> None:
    years = [2022, 2026, 2030]
    before = places_by_phase(register, years)
    grown = register.rows.assign(places=(register.rows["places"] + extra).clip(upper=5_000))
    after = places_by_phase(Register(317, grown, "grown"), years)
    assert (after["places"] >= before["places"] - 1e-9).all()
