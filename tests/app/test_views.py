"""Views: the figures of a page agree with published ones and say what they are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from data import areas
from data.errors import TableError
from data.schemas import TABLES
from forecast.run import Road
from forecast.ui import catalogue, views
from forecast.ui.views import ESTIMATED, FORECAST, MISSING, PUBLISHED, AreaView


def of(view: AreaView, january: int) -> pd.Series:
    return view.plans.set_index("january").loc[january]


def test_plans_hold_published_history_and_ten_forecast_januaries(redbridge: AreaView) -> None:
    assert list(redbridge.plans["january"]) == list(range(2010, 2036))
    assert of(redbridge, 2025)[["kind", "q50"]].tolist() == [PUBLISHED, 3391]
    assert of(redbridge, 2018)["q50"] == 1904
    ahead = redbridge.plans[redbridge.plans["kind"] == FORECAST]
    assert list(ahead["january"]) == list(range(2026, 2036))
    assert (ahead["q10"] < ahead["q50"]).all()
    assert (ahead["q50"] < ahead["q90"]).all()


def test_an_incomplete_return_is_a_gap_and_a_note(newham: AreaView) -> None:
    assert of(newham, 2025)["kind"] == MISSING
    assert pd.isna(of(newham, 2025)["q50"])
    assert newham.plans_shown.loc[2025].tolist() == ["not published", MISSING]
    assert "No usable total for January 2025: the chart has a gap." in newham.notes
    assert "January 2025 return is missing or incomplete" in newham.notes[0]


def test_januaries_before_an_authority_existed_are_marked(cumberland: AreaView) -> None:
    assert of(cumberland, 2023)["kind"] == ESTIMATED
    assert of(cumberland, 2024)["kind"] == PUBLISHED
    assert "Years before January 2024" in cumberland.notes[0]


def test_a_complete_series_is_said_to_be_complete(redbridge: AreaView, newham: AreaView) -> None:
    assert "A total is known for each January from 2010 to 2025." in redbridge.notes
    assert not any("A total is known for each" in note for note in newham.notes)


def test_a_january_without_ages_is_noted(road: Road) -> None:
    hackney = views.of_road(road, areas.by_code(204))
    assert "No plans by age band for January 2024." in hackney.notes


def test_residents_placed_stand_at_the_january_they_were_counted(newham: AreaView) -> None:
    counted = newham.places[newham.places["placed"].notna()]
    assert set(counted["january"]) == {2024}
    offered = newham.places[newham.places["places"].notna()]
    assert offered["january"].min() == 2025


def test_places_join_residents_placed_with_the_forecast(redbridge: AreaView) -> None:
    rows = redbridge.places[
        (redbridge.places["phase"] == "secondary") & (redbridge.places["provision"] == "state_special")
    ].set_index("january")
    assert list(rows.index) == list(range(2025, 2036))
    assert rows.loc[2025, "placed"] == 275
    assert pd.isna(rows.loc[2025, "q50"])
    assert rows.loc[2026:, "placed"].isna().all()
    assert rows.loc[2026:, "q50"].notna().all()
    assert (rows["places"] > 0).all()


def test_register_tables_say_basis_and_leave_later_rows_apart(redbridge: AreaView) -> None:
    hatton = redbridge.register.set_index("Setting").loc["Hatton School"]
    assert hatton["Places"] == "191"
    assert hatton["Basis and confidence"] == "Published, high"
    assert hatton["Academic years"] == "2023/24 on"
    assert (
        redbridge.register.set_index("Setting").loc["Caterham High School ARP", "Academic years"]
        == "2024/25 only"
    )
    assert hatton["Status"] == "Open, in the authority"
    later = redbridge.register_later
    assert "Hatton School (Park Avenue)" in set(later["Setting"])
    assert "Hatton School (Park Avenue)" not in set(redbridge.register["Setting"])


def test_basis_of_places_adds_up(redbridge: AreaView) -> None:
    basis = redbridge.register_basis
    parts = basis[["Published", "From the council", "Estimated"]].map(lambda t: int(t.replace(",", "")))
    assert parts.sum(axis=1).tolist() == [int(t.replace(",", "")) for t in basis["Places"]]
    assert len(basis) == 3


def test_phases_are_those_with_places_and_the_first_is_the_soonest(redbridge: AreaView) -> None:
    assert redbridge.first_phase in redbridge.phases
    assert redbridge.first_phase == redbridge.run_outs[0].phase


@pytest.mark.parametrize(
    ("items", "says"), [([2020], "2020"), ([2020, 2021], "2020 and 2021"), ([1, 2, 3], "1, 2 and 3")]
)
def test_lists_read_as_people_say_them(items: list[int], says: str) -> None:
    assert views.listed(items) == says


def test_the_catalogue_holds_every_published_table_with_its_source() -> None:
    found = catalogue.load()
    both = pd.concat([found.used, found.other]).set_index("Table")
    assert set(both.index) | set(found.missing) == set(TABLES)
    assert found.missing == ()
    assert both.loc["plans_total", ["First", "Last"]].tolist() == ["2010", "2025"]
    assert both.loc["plans_age", "Authorities"] == "153"
    assert both.loc["plans_total", "Licence"].startswith("OGL")
    assert "plans_total" in set(found.used["Table"])
    assert not (both == "not recorded").to_numpy().any()


def test_a_missing_list_of_sources_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(catalogue.tables, "SOURCES", tmp_path / "SOURCES.csv")
    with pytest.raises(TableError, match="list of sources is not at"):
        catalogue.load()
