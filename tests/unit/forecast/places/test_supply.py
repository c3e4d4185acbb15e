"""Places residents may take, worked by hand: occupancy, use by others, phasing, slippage, steps and closures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

from data.errors import RegisterError
from data.registers import starting_register
from data.registers.register import Register, frame
from forecast.places.supply import Supply, supply

ROW: dict[str, Any] = {
    "setting": "Oak", "provision": "state_special", "needs": "ASD;SLD", "age_low": 4, "age_high": 10,
    "from_academic_year": "2024/25", "places": 70, "located": "local", "status": "open", "basis": "council",
    "confidence": "high", "source": "council records",
}  # fmt: skip
SURE = {"status": "agreed", "chance_delivered": 100.0, "chance_on_time": 100.0}
LATE = {"status": "agreed", "chance_delivered": 100.0, "chance_on_time": 0.0, "typical_delay_years": 1.0}
NOT_EVER = {"status": "agreed", "chance_delivered": 0.0}
YEARS = range(2025, 2031)


def made(*changes: dict[str, Any], draws: int = 4, seed: int = 1, **options: Any) -> Supply:
    register = Register(317, frame({**ROW, **change} for change in changes), "made")
    return supply(register, list(YEARS), draws, np.random.default_rng(seed), **options)


def path(found: Supply, unit: int = 0) -> list[float]:
    """Return the places of a unit by January, which must be the same in every draw."""
    places = found.places.isel(unit=unit)
    assert (places == places.isel(draw=0)).all()
    return [float(x) for x in places.isel(draw=0)]


def open_ages(found: Supply, january: int) -> list[int]:
    ages = found.admits_age.isel(draw=0, unit=0).sel(january=january)
    return [int(a) for a in ages["age"][ages.to_numpy()]]


def test_places_less_spare_and_less_those_others_use() -> None:
    assert path(made({"max_occupancy": 90.0, "taken_by_others": 13})) == [50.0] * 6
    assert path(made({"max_occupancy": 10.0, "taken_by_others": 13})) == [0.0] * 6
    assert path(made({"roll": 99, "roll_january": 2025, "funded_places": 12})) == [70.0] * 6


def test_places_commissioned_are_those_open_whoever_takes_them() -> None:
    found = made({"max_occupancy": 90.0, "taken_by_others": 13, "to_academic_year": "2026/27"})
    assert found.commissioned.isel(draw=0, unit=0).to_numpy().tolist() == [70, 70, 70, 0, 0, 0]
    by_group = made(
        {**SURE, "from_academic_year": "2026/27", "phasing": "by_year_group", "taken_by_others": 13}
    )
    assert by_group.commissioned.isel(draw=0, unit=0).to_numpy().tolist() == [0, 0, 10, 20, 30, 40]


def test_a_unit_that_opens_after_the_count_is_paid_for_part_of_the_year_and_counted_the_next() -> None:
    late = made({**SURE, "from_academic_year": "2025/26", "places": 12, "opens_in": "2026-04"})
    assert path(late) == [0, 0, 12, 12, 12, 12]
    assert late.commissioned.isel(draw=0, unit=0).to_numpy().tolist() == [0, 12, 12, 12, 12, 12]
    assert late.opened_late.isel(draw=0, unit=0).to_numpy().tolist() == [0, 12, 0, 0, 0, 0]
    assert late.late_months.isel(draw=0, unit=0).to_numpy().tolist() == [0, 7, 0, 0, 0, 0]
    before = made({**SURE, "from_academic_year": "2025/26", "places": 12, "opens_in": "2026-01"})
    assert path(before) == [0, 12, 12, 12, 12, 12]
    assert before.opened_late.isel(draw=0, unit=0).to_numpy().tolist() == [0, 12, 0, 0, 0, 0]
    assert before.late_months.isel(draw=0, unit=0).to_numpy().tolist() == [0, 4, 0, 0, 0, 0]
    grown = made(
        {"to_academic_year": "2024/25"},
        {"from_academic_year": "2025/26", "places": 82, "opens_in": "2026-03"},
    )
    assert path(grown) == [70, 70, 82, 82, 82, 82]
    assert grown.commissioned.isel(draw=0, unit=0).to_numpy().tolist() == [70, 82, 82, 82, 82, 82]
    assert grown.opened_late.isel(draw=0, unit=0).to_numpy().tolist() == [0, 12, 0, 0, 0, 0]


def test_a_closure_and_a_gap() -> None:
    assert path(made({"to_academic_year": "2026/27"})) == [70, 70, 70, 0, 0, 0]
    found = made({"to_academic_year": "2024/25"}, {"from_academic_year": "2027/28"})
    assert [u.name for u in found.units] == [
        "Oak, ages 4 to 10, state_special, ASD;SLD, 2024/25", "Oak, ages 4 to 10, state_special, ASD;SLD, 2027/28",
    ]  # fmt: skip
    assert (path(found, 0), path(found, 1)) == ([70, 0, 0, 0, 0, 0], [0, 0, 0, 70, 70, 70])


def test_units_that_close_before_the_first_january_are_left_out() -> None:
    found = made({}, {"setting": "Elm", "from_academic_year": "2020/21", "to_academic_year": "2023/24"})
    assert [u.name for u in found.units] == ["Oak"]


STEP = {"from_academic_year": "2026/27", "places": 90}


@pytest.mark.parametrize(
    ("scheme", "places"),
    [
        (SURE, [70, 70, 90, 90, 90, 90]),
        (LATE, [70, 70, 70, 90, 90, 90]),
        (NOT_EVER, [70, 70, 70, 70, 70, 70]),
        ({"status": "proposed"}, [70, 70, 70, 70, 70, 70]),
    ],
)
def test_until_a_step_opens_the_row_before_goes_on(scheme: dict[str, Any], places: list[float]) -> None:
    found = made({"to_academic_year": "2025/26"}, STEP | scheme)
    assert len(found.units) == 1
    assert path(found) == places


def test_later_steps_slip_with_the_first_and_fall_with_it() -> None:
    first = {"to_academic_year": "2025/26", "places": 20}
    then = {"from_academic_year": "2026/27", "places": 50}
    first["from_academic_year"] = "2025/26"
    assert path(made(first | LATE, then | SURE)) == [0, 0, 20, 50, 50, 50]
    assert path(made(first | NOT_EVER, then | SURE)) == [0.0] * 6


def test_a_step_that_slips_past_a_closure_never_opens() -> None:
    step = {**STEP, "to_academic_year": "2026/27"} | LATE
    assert path(made({"to_academic_year": "2025/26"}, step)) == [70, 70, 70, 0, 0, 0]


def test_a_phased_opening_starts_with_the_youngest_and_slips_whole() -> None:
    new = {"age_low": 7, "age_high": 10, "places": 40, "phasing": "by_year_group", "taken_by_others": 4}
    found = made(new | SURE)
    assert path(found) == [9, 18, 27, 36, 36, 36]
    assert [open_ages(found, y) for y in (2025, 2026, 2028)] == [[7], [7, 8], [7, 8, 9, 10]]
    assert path(made(new | LATE)) == [0, 9, 18, 27, 36, 36]


def test_designation_and_ages_may_change_within_a_unit() -> None:
    new = {"from_academic_year": "2026/27", "needs": "SEMH", "age_high": 12}
    found = made({"to_academic_year": "2025/26"}, new)
    (unit,) = found.units
    assert (unit.age_low, unit.age_high) == (4, 12)
    for january, codes in ((2026, ["ASD", "SLD"]), (2027, ["SEMH"])):
        admitted = found.admits_need.isel(unit=0).sel(january=january)
        assert admitted["need"].to_numpy()[admitted.to_numpy()].tolist() == codes
    assert (open_ages(found, 2026)[-1], open_ages(found, 2027)[-1]) == (10, 12)


def test_children_under_3_stand_at_age_2() -> None:
    found = made({"age_low": 0, "age_high": 4, "places": 50})
    assert found.year_groups.isel(draw=0, unit=0, january=0, age=slice(0, 4)).to_numpy().tolist() == [
        3,
        1,
        1,
        0,
    ]
    phases = found.by_phase().isel(draw=0, january=0).sum(["provision", "located"])
    assert [float(x) for x in phases] == [40.0, 10.0, 0.0, 0.0]


def test_shares_of_draws_follow_the_chances() -> None:
    scheme = {
        "from_academic_year": "2025/26", "status": "agreed", "chance_delivered": 80.0, "chance_on_time": 60.0,
        "typical_delay_years": 2.0,
    }  # fmt: skip
    opened = (made(scheme, draws=20_000).places.isel(unit=0) > 0).mean("draw").to_numpy()
    # Geometric delays of mean 2: half of the late open a year late, half of the rest the next year.
    expected = [0, 0.48, 0.48 + 0.16, 0.48 + 0.24, 0.48 + 0.28, 0.48 + 0.30]
    np.testing.assert_allclose(opened, expected, atol=0.01)


def test_settings_slip_apart_and_parts_of_one_together() -> None:
    scheme = {"status": "agreed", "chance_on_time": 50.0, "chance_delivered": 100.0}
    found = made(
        scheme, {**scheme, "age_low": 11, "age_high": 15}, {**scheme, "setting": "Elm"}, draws=200
    ).places.isel(january=0)
    parts = [found.isel(unit=i) > 0 for i in range(3)]
    assert bool((parts[0].to_numpy() == parts[1].to_numpy()).all())
    assert 60 < int((parts[0].to_numpy() != parts[2].to_numpy()).sum()) < 140


def test_the_seed_decides() -> None:
    scheme = {"status": "agreed", "confidence": "low"}
    one, same, other = (made(scheme, draws=100, seed=s).places for s in (1, 1, 2))
    assert one.equals(same)
    assert not one.equals(other)


def test_other_provisions_and_what_does_not_count_give_no_unit() -> None:
    rows = ({}, {"setting": "Fee", "provision": "inmss"}, {"setting": "Plan", "status": "proposed"})
    assert [u.name for u in made(*rows).units] == ["Oak"]
    assert [u.name for u in made(*rows, statuses=("open", "proposed")).units] == ["Oak", "Plan"]
    assert made({"provision": "inmss"}).by_phase().sum() == 0


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(RegisterError, match="'shut' is not a status"):
        made({}, statuses=("shut",))
    with pytest.raises(RegisterError, match="No January or no draw"):
        made({}, draws=0)


def test_redbridge_keeps_units_through_their_steps() -> None:
    found = supply(starting_register.shipped(317), [2025, 2027, 2030], 200, np.random.default_rng(0))
    names = [u.name for u in found.units]
    assert len(names) == len(set(names))
    caterham = found.places.sel(unit="Caterham High School ARP")
    assert (caterham.sel(january=2025) == 12).all()
    assert float(caterham.sel(january=2030).max()) == 28
    assert {"New Rush Hall School, ages 5 to 10", "New Rush Hall School, ages 11 to 15"} <= set(names)
    elsewhere = [u for u in found.units if u.located == "elsewhere"]
    assert sum(float(found.places.sel(unit=u.name, january=2025)[0]) for u in elsewhere) == 41 + 53 + 23
    assert isinstance(found.admits_age, xr.DataArray)
