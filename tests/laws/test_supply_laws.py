"""Whatever the register: slippage only ever withholds what a row offers, and no row sways another setting's draws."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data.registers.register import (
    CONFIDENCES,
    LOCATIONS,
    PHASINGS,
    STATUSES,
    Register,
    academic_year,
    first_year,
    frame,
    places_by_phase,
)
from data.vocabulary import NEED_CODES, SPECIALIST_PROVISIONS
from forecast.places.supply import Supply, supply

YEARS = list(range(2024, 2034))
DRAWS = 40
CERTAIN = {"chance_delivered": 100.0, "chance_on_time": 100.0}

chances = st.sampled_from([None, 0.0, 30.0, 70.0, 100.0])


@st.composite
def settings_in_steps(draw: st.DrawFn) -> list[dict[str, object]]:
    """Return the rows of one setting that follow on: sizes, ages and needs may change, schemes come after open rows."""
    begin = draw(st.integers(2020, 2030))
    ends = sorted(draw(st.sets(st.integers(begin, 2035), max_size=3)))
    last = draw(st.booleans())
    cuts = [begin, *(e + 1 for e in ends)][: len(ends) + (1 if last else 0)] or [begin]
    low = draw(st.integers(0, 20))
    ages = st.integers(low + 2, 25)
    located = draw(st.sampled_from(LOCATIONS))
    provision = draw(st.sampled_from(SPECIALIST_PROVISIONS))
    opened = draw(st.integers(0, len(cuts)))
    rows = []
    for i, start in enumerate(cuts):
        places = draw(st.integers(0, 300))
        rows.append(
            {
                "provision": provision,
                "needs": draw(st.sampled_from(["All", "ASD", "SLCN;SEMH"])),
                "age_low": low,
                "age_high": draw(ages),
                "from_academic_year": academic_year(start + 1),
                "to_academic_year": academic_year(ends[i] + 1) if i < len(ends) else None,
                "places": places,
                "max_occupancy": draw(st.sampled_from([None, 50.0, 95.0])),
                "taken_by_others": draw(st.integers(0, places)) if located == "local" else None,
                "located": located,
                "status": "open" if i < opened else draw(st.sampled_from(STATUSES[1:])),
                "phasing": draw(st.sampled_from([None, *PHASINGS])) if i == 0 else None,
                "chance_delivered": draw(chances),
                "chance_on_time": draw(chances),
                "typical_delay_years": draw(st.sampled_from([None, 1.0, 2.5])),
                "basis": "council",
                "confidence": draw(st.sampled_from(CONFIDENCES)),
                "source": "council records",
            }
        )
    return rows


registers = st.lists(settings_in_steps(), min_size=1, max_size=4).map(
    lambda made: Register(
        None,
        frame([{"setting": f"School {i}", **row} for i, rows in enumerate(made) for row in rows]),
        "made",
    )
)


def drawn(register: Register, seed: int = 5, statuses: tuple[str, ...] = STATUSES) -> Supply:
    return supply(register, YEARS, DRAWS, np.random.default_rng(seed), statuses=statuses)


def with_cells(register: Register, **cells: object) -> Register:
    return replace(register, rows=register.rows.assign(**cells))


@settings(max_examples=40)
@given(registers)
def test_places_are_never_negative_nor_more_than_a_row_that_has_begun(register: Register) -> None:
    found = drawn(register)
    assert (found.places >= 0).all()
    begun = register.rows["from_academic_year"].map(first_year)
    for unit in found.units:
        mine = register.rows["setting"] == unit.setting
        for january in YEARS:
            most = register.rows.loc[mine & (begun < january), "places"].max()
            places = found.places.sel(unit=unit.name, january=january)
            assert (places <= (0 if pd.isna(most) else most) + 1e-9).all()


@settings(max_examples=40)
@given(registers)
def test_certain_schemes_give_the_registers_own_places(register: Register) -> None:
    whole = with_cells(register, max_occupancy=100.0, taken_by_others=None, **CERTAIN)
    found = drawn(whole).by_phase()
    table = places_by_phase(whole, YEARS, statuses=STATUSES)
    expected = table.set_index(["january", "phase", "provision", "located"])["places"].to_xarray()
    expected = expected.reindex_like(found.isel(draw=0, drop=True)).transpose(*found.dims[1:])
    np.testing.assert_allclose(found.to_numpy(), np.broadcast_to(expected.to_numpy(), found.shape), atol=1e-9)


@settings(max_examples=40)
@given(registers)
def test_phases_sum_to_units_and_only_open_ages_hold_places(register: Register) -> None:
    found = drawn(register)
    total = found.by_phase().sum(["phase", "provision", "located"])
    np.testing.assert_allclose(total.to_numpy(), found.places.sum("unit").to_numpy(), atol=1e-9)
    assert not (found.places.where(~found.admits_age.any("age"), 0) > 0).any()
    assert found.admits_need.any("need").all()


@settings(max_examples=40)
@given(registers)
def test_a_scheme_opens_no_earlier_than_planned_and_one_closed_stays_closed(register: Register) -> None:
    found = drawn(register)
    for unit in found.units:
        rows = register.rows[register.rows["setting"] == unit.setting]
        opening = first_year(rows["from_academic_year"].min())
        assert opening is not None
        early = [y for y in YEARS if y <= opening]
        assert (found.places.sel(unit=unit.name, january=early) == 0).all()
        end = rows["to_academic_year"].iloc[-1]
        if not pd.isna(end):
            late = [y for y in YEARS if academic_year(y) > end]
            assert (found.places.sel(unit=unit.name, january=late) == 0).all()
            assert not found.admits_age.sel(unit=unit.name, january=late).any()


@settings(max_examples=40)
@given(registers, st.integers(0, 2**32))
def test_a_setting_draws_the_same_whatever_else_is_in_the_register(register: Register, seed: int) -> None:
    found = drawn(register, seed)
    assert found.places.equals(drawn(register, seed).places)
    for setting in register.rows["setting"].unique():
        alone = drawn(replace(register, rows=register.rows[register.rows["setting"] == setting]), seed)
        mine = [i for i, unit in enumerate(found.units) if unit.setting == setting]
        np.testing.assert_array_equal(alone.places.to_numpy(), found.places.isel(unit=mine).to_numpy())
        np.testing.assert_array_equal(
            alone.year_groups.to_numpy(), found.year_groups.isel(unit=mine).to_numpy()
        )


@settings(max_examples=40)
@given(registers)
def test_a_better_chance_never_opens_a_new_school_later(register: Register) -> None:
    """Compares a register of one step a setting, so that every step adds places."""
    first = replace(register, rows=register.rows.drop_duplicates("setting").assign(to_academic_year=None))
    slipping, sure = drawn(first), drawn(with_cells(first, **CERTAIN))
    assert (sure.places >= slipping.places - 1e-9).all()
    delivered = with_cells(first, chance_delivered=100.0)
    assert (drawn(delivered).places >= slipping.places - 1e-9).all()


@settings(max_examples=40)
@given(registers, st.sampled_from([("open",), ("open", "agreed"), ("agreed", "proposed")]))
def test_what_does_not_count_changes_nothing(register: Register, statuses: tuple[str, ...]) -> None:
    counted = drawn(register, statuses=statuses)
    never = register.rows["status"].isin(statuses).map({True: 100.0, False: 0.0})
    sure = drawn(with_cells(register, **CERTAIN), statuses=statuses)
    undelivered = drawn(
        with_cells(register, chance_on_time=100.0, chance_delivered=pd.array(never, dtype="Float64"))
    )
    assert {u.setting for u in counted.units} <= {u.setting for u in undelivered.units}
    open_first = {
        s for s, rows in register.rows.groupby("setting") if not _counted_after_uncounted(rows, statuses)
    }
    for unit in sure.units:
        if unit.setting in open_first:
            other = next(u for u in undelivered.units if u.setting == unit.setting)
            np.testing.assert_array_equal(
                sure.places.sel(unit=unit.name).to_numpy(), undelivered.places.sel(unit=other.name).to_numpy()
            )
    assert counted.admits_need.sizes["need"] == len(NEED_CODES)


def _counted_after_uncounted(rows: pd.DataFrame, statuses: tuple[str, ...]) -> bool:
    counts = rows["status"].isin(statuses).tolist()
    return any(later and not earlier for earlier, later in pairwise(counts))
