"""Views: the figures of a page agree with published ones, with each other, and say what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data import areas
from data.errors import FitError, TableError
from data.panels.history import History
from data.panels.history_tables import population
from data.schemas import TABLES
from data.vocabulary import ALL, NEED_CODES, PHASE_CODES
from forecast.core.outcome import Outcome
from forecast.demand import stored_fit
from forecast.presentation import summary
from forecast.runs.baseline import ForecastInputs
from forecast.ui.views import area_map, catalogue, demand, evidence, overview, places
from forecast.ui.views.common import (
    ESTIMATED,
    FORECAST,
    MISSING,
    PUBLISHED,
    WORKED_OUT,
    in_words,
    plans_frame,
)
from forecast.validation import track_record


@pytest.fixture(scope="module")
def history(inputs: ForecastInputs) -> History:
    return inputs.history


def plans(outcome: Outcome) -> pd.DataFrame:
    return plans_frame(outcome, summary.plans_long(outcome)).set_index("january")


def test_plans_hold_published_history_and_ten_forecast_januaries(redbridge: Outcome) -> None:
    found = plans(redbridge)
    assert list(found.index) == list(range(2010, 2037))
    assert found.loc[2026, ["kind", "q50"]].tolist() == [PUBLISHED, 3830]
    assert found.loc[2018, "q50"] == 1904
    ahead = found[found["kind"] == FORECAST]
    assert list(ahead.index) == list(range(2027, 2037))
    assert (ahead["q10"] < ahead["q50"]).all()
    assert (ahead["q50"] < ahead["q90"]).all()


def test_a_missing_return_is_a_gap_and_a_note(isle_of_wight: Outcome) -> None:
    found = plans(isle_of_wight)
    assert found.loc[2025, ["kind", "q50"]].tolist() == [PUBLISHED, 1799]
    assert found.loc[2026, "kind"] == MISSING
    assert in_words(found.reset_index(), "EHC plans").loc[2026].tolist() == ["not published", MISSING]
    notes = overview.notes(isle_of_wight, found.reset_index())
    assert "No usable total for January 2026: the chart has a gap." in notes
    assert "January 2026 return is missing or incomplete" in notes[0]
    assert not any("A total is known for each" in note for note in notes)


def test_an_incomplete_return_between_two_whole_ones_is_a_gap(newham: Outcome) -> None:
    found = plans(newham)
    assert found["kind"].loc[2024:2026].tolist() == [PUBLISHED, MISSING, PUBLISHED]
    notes = overview.notes(newham, found.reset_index())
    assert "No usable total for January 2025: the chart has a gap." in notes
    assert not any("return is missing or incomplete" in note for note in notes)


def test_januaries_before_an_authority_existed_are_marked(cumberland: Outcome) -> None:
    found = plans(cumberland)
    assert found.loc[2023, "kind"] == ESTIMATED
    assert found.loc[2024, "kind"] == PUBLISHED


def test_a_january_without_ages_is_noted(inputs: ForecastInputs) -> None:
    hackney = inputs.baseline(areas.by_code(204)).outcome
    assert "No plans by age band for January 2024." in overview.notes(hackney, plans(hackney).reset_index())


def test_four_figures_agree_with_the_tables_and_name_unit_date_interval_and_source(
    redbridge: Outcome, history: History
) -> None:
    view = overview.overview(redbridge, history)
    assert list(view.measures) == list(range(2027, 2037))
    for january, found in view.measures.items():
        assert len(found) == 4
        for one in found:
            assert one.interval.startswith("80 % interval ")
            assert all(
                [
                    one.source.unit,
                    str(january)[:2] in one.source.dates,
                    one.source.interval,
                    one.source.source,
                ]
            )
    assert view.measures[2031][0].value in view.headline
    short = summary.shortfall_long(redbridge)
    whole = short[
        (short["year"] == 2030) & (short[["phase", "need_group", "provision"]] == ALL).all(axis=1)
    ].iloc[0]
    assert (
        view.measures[2030][2].interval
        == f"80 % interval {round(whole['wanted_q10'], -1):,.0f} to {round(whole['wanted_q90'], -1):,.0f}"
    )


def test_what_changed_is_what_was_published(redbridge: Outcome, history: History) -> None:
    rows = overview.changed(redbridge, history).set_index("What")
    assert rows.loc["EHC plans, all ages"].tolist() == [
        "3,391 (January 2025)",
        "3,830 (January 2026)",
        "+439 (+13 %)",
    ]
    assert rows.loc["New plans", "Change"] == "+322 (+89 %)"
    assert rows.loc["New plans issued within 20 weeks", "Latest"] == "28 % (calendar year 2025)"


def test_what_was_not_returned_is_left_out_of_what_changed(
    newham: Outcome, isle_of_wight: Outcome, history: History
) -> None:
    rows = overview.changed(newham, history)
    assert "EHC plans, all ages" not in set(rows["What"])
    assert "New plans" in set(rows["What"])
    assert overview.changed(isle_of_wight, history).empty, "it returned nothing for the latest year"


def test_plans_by_phase_and_need_begin_at_the_known_january_and_all_is_the_total(
    redbridge: Outcome, history: History
) -> None:
    view = demand.demand(redbridge, history)
    rows = view.cells[view.cells["kind"] != FORECAST].set_index(["phase", "need"])
    assert set(rows["january"]) == {2026}
    known = rows["q50"]
    assert known[ALL, ALL] == pytest.approx(3830)
    assert known[:, ALL].drop(ALL).sum() == pytest.approx(3830)
    assert known[ALL].drop(ALL).sum() == pytest.approx(3830)
    of_needs = rows.index.get_level_values("need") != ALL
    assert set(rows.loc[~of_needs, "kind"]) == {PUBLISHED}
    assert set(rows.loc[of_needs, "kind"]) == {WORKED_OUT}, "needs were last published a January before"
    # 1,053 a January before, fewer of whom than one in ten left, and 321 of the new plans of the year.
    assert 0.9 * 1053 + 321 < known[ALL, "ASD"] < 1053 + 321
    assert set(view.cells["need"]) == {ALL, *NEED_CODES}
    assert set(view.cells["phase"]) == {ALL, *PHASE_CODES}
    total = view.frame(ALL, ALL).set_index("january").loc[2030, "q50"]
    cell = view.cells[
        (view.cells["phase"] == ALL) & (view.cells["need"] == ALL) & (view.cells["january"] == 2030)
    ]
    assert cell["q50"].iloc[0] == pytest.approx(total)


def test_bars_of_why_plans_change_close(redbridge: Outcome, history: History) -> None:
    view = demand.demand(redbridge, history)
    bars = demand.steps(view.drivers[2030], view.known, 2026, 2030)
    assert bars.iloc[0]["end"] == 3830
    assert bars.iloc[-1]["end"] == pytest.approx(3830 + view.drivers[2030]["mean"].iloc[-1])
    inner = bars.iloc[1:-1]
    np.testing.assert_allclose(inner["start"].iloc[1:], inner["end"].iloc[:-1])
    assert ((inner["low"] <= inner["end"]) & (inner["end"] <= inner["high"])).all()


def test_backlogs_cleared_lately_are_told_with_the_plans_that_were_due(
    redbridge: Outcome, cumberland: Outcome, history: History
) -> None:
    ((sentence, table),) = demand.demand(redbridge, history).backlogs
    assert "issued 684 new plans in 2025 after 362 in 2024, while requests were 698 after 694" in sentence
    assert "About 224 of those plans were due before 2025" in sentence
    assert list(table.index) == [2023, 2024, 2025]
    assert table["New plans issued"].tolist() == ["218", "362", "684"]
    # 1,264 plans in all, shared out as 524, 694 and 698 requests.
    assert table["New plans had they come as requests did"].tolist() == ["346", "458", "460"]
    assert demand.demand(cumberland, history).backlogs == ()


def test_rates_are_plans_over_residents_and_the_rank_counts_from_the_highest(
    redbridge: Outcome, history: History
) -> None:
    view = demand.demand(redbridge, history)
    own = view.rates[view.rates["who"] == "Redbridge"].set_index("january")["rate"]
    assert own[2026] == pytest.approx(1000 * 3830 / float(population().sel(area=317, mid_year=2025)))
    assert list(dict.fromkeys(view.rates["who"])) == [
        "Redbridge",
        "Statistical neighbours",
        "London",
        "England",
    ]
    assert 1 <= view.rank <= view.of <= 153
    assert view.ranks["Whose"].iloc[4:].tolist()[:2] == ["Harrow", "Hillingdon"]


def test_the_pipeline_ends_with_published_years_and_goes_on(redbridge: Outcome, history: History) -> None:
    rows = demand.pipeline(redbridge, history)["requests"].set_index("january")
    assert rows.loc[2025, ["kind", "q50"]].tolist() == [PUBLISHED, 698]
    assert rows.loc[2026, "kind"] == FORECAST


def test_residents_placed_stand_at_the_january_they_were_counted(
    isle_of_wight: Outcome, history: History
) -> None:
    frame = places.places_frame(places.places(isle_of_wight, history), ALL, 2036)
    assert set(frame.loc[frame["placed"].notna(), "january"]) == {2025}
    assert frame.loc[frame["places"].notna(), "january"].min() == 2026


def test_places_join_residents_placed_with_the_forecast(redbridge: Outcome, history: History) -> None:
    frame = places.places_frame(places.places(redbridge, history), ALL, 2036)
    rows = frame[(frame["phase"] == "secondary") & (frame["provision"] == "state_special")].set_index(
        "january"
    )
    assert list(rows.index) == list(range(2026, 2037))
    assert rows.loc[2026, "placed"] == 318
    assert rows.loc[2027:, "placed"].isna().all()
    ahead = rows.loc[2027:]
    assert (ahead["filled"] <= ahead["q50"] + 1e-9).all()


def test_a_need_shows_the_places_of_its_group(redbridge: Outcome, history: History) -> None:
    view = places.places(redbridge, history)
    assert places.group_of("SLD") == places.group_of("PMLD") == "severe_learning"
    autism = places.strip(view, ALL, places.group_of("ASD"), 2030)
    assert list(autism.columns) == [2027, 2028, 2029, 2030]
    cells = view.cells.set_index(["phase", "provision", "need_group", "year"])["p_shortfall"]
    assert (
        autism.loc["Secondary: state special schools", 2027]
        == cells["secondary", "state_special", "autism", 2027]
    )


def test_the_strip_of_one_phase_holds_no_other(redbridge: Outcome, history: History) -> None:
    found = places.strip(places.places(redbridge, history), "primary", ALL, 2036)
    assert all(str(name).startswith("Primary: ") for name in found.index)


def test_settings_say_what_of_them_is_estimated(redbridge: Outcome, history: History) -> None:
    rows = places.settings_table(places.places(redbridge, history), 2027).set_index("Setting")
    assert rows.loc["Hatton School", "Basis"] == "Published, high confidence"
    assert rows["Basis"].str.startswith("Estimated").any()


def test_register_tables_say_basis_and_leave_later_rows_apart(redbridge: Outcome, history: History) -> None:
    view = places.places(redbridge, history)
    hatton = view.register.set_index("Setting").loc["Hatton School"]
    assert hatton[["Places", "Basis and confidence", "Academic years", "Status"]].tolist() == [
        "191", "Published, high", "2023/24 on", "Open, in the authority",
    ]  # fmt: skip
    assert "Little Heath School (Park Avenue proposal)" in set(view.register_later["Setting"])
    assert "Little Heath School (Park Avenue proposal)" not in set(view.register["Setting"])


def test_basis_of_places_adds_up(redbridge: Outcome) -> None:
    basis = places.basis_in_words(redbridge.register, redbridge.plans.origin)
    parts = basis[["Published", "From the council", "Estimated"]].map(lambda t: int(t.replace(",", "")))
    assert parts.sum(axis=1).tolist() == [int(t.replace(",", "")) for t in basis["Places"]]
    assert len(basis) == 3


def test_the_map_shares_out_all_that_is_wanted_and_no_more(redbridge: Outcome, history: History) -> None:
    view = area_map.area_map(redbridge, history)
    wanted = redbridge.shortfall.wanted.sum(("provision", "need_group")).mean("draw")
    for phase in (ALL, "primary"):
        rows = view.zones[(view.zones["phase"] == phase) & (view.zones["january"] == 2030)]
        total = wanted.sel(january=2030).sum() if phase == ALL else wanted.sel(january=2030, phase=phase)
        assert rows["wanted"].sum() == pytest.approx(float(total))
    assert len(area_map.table(view, ALL, 2030)) == len(view.shapes) == 22


def test_the_map_of_a_county_and_of_one_district_is_drawn_too(
    inputs: ForecastInputs, history: History
) -> None:
    kent, isle = (area_map.area_map(inputs.baseline(areas.by_code(c)).outcome, history) for c in (886, 420))
    assert kent.kind == "districts"
    assert len(isle.shapes) == 1
    assert isle.around.empty
    for view in (kent, isle):
        for layer in area_map.LAYERS:
            assert area_map.finding(view, layer, ALL, 2030)


def test_the_record_of_an_authority_agrees_with_the_public_one() -> None:
    found = evidence.load_record(areas.by_code(317))
    assert len(found.own) == 15
    # 148 series, less Newham in January 2025 and Isle of Wight in January 2026.
    assert found.by_ahead["count"].tolist() == [
        3 * 148 + 2 * 147,
        2 * 148 + 2 * 147,
        148 + 2 * 147,
        2 * 147,
        147,
    ]
    assert found.by_ahead["share"].between(70, 90).all()
    page = track_record.PAGE.read_text(encoding="utf-8")
    for row in found.by_ahead.to_dict("records"):
        ahead = str(row["ahead"]).split()[0]
        assert f"| headline | {ahead} | {row['count']} |" in page
        line = next(x for x in page.splitlines() if x.startswith(f"| headline | {ahead} |"))
        assert f"| {row['missed']:.2f} | {row['share']:.1f} |" in line
    assert found.own_sentence.startswith("Redbridge: ")
    assert "From January 2025 it said 3,7" in found.own_sentence
    assert "for January 2026 (" in found.own_sentence
    assert "; 3,830 came, so it was " in found.own_sentence


def test_an_authority_that_was_split_has_the_record_of_its_series_and_a_tiny_one_none() -> None:
    assert evidence.load_record(areas.by_code(942)).part_of
    assert "too small to be scored" in evidence.load_record(areas.by_code(420)).own_sentence


def test_a_fit_that_failed_is_an_error_and_not_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def failed() -> None:
        raise FitError("The fitted result did not pass its convergence gate.")

    monkeypatch.setattr(stored_fit, "manifest", failed)
    with pytest.raises(FitError, match="convergence gate"):
        evidence.fit_table()


def test_decisions_have_a_title_and_no_link_that_leads_nowhere() -> None:
    found = evidence.decisions()
    assert len(found) >= 9
    assert all(title and text and "](" not in text for title, text in found)


def test_the_catalogue_holds_every_published_table_with_its_source() -> None:
    found = catalogue.load()
    both = pd.concat([found.used, found.other]).set_index("Table")
    assert set(both.index) | set(found.missing) == set(TABLES)
    assert found.missing == ()
    assert both.loc["plans_total", ["First", "Last"]].tolist() == ["2010", "2026"]
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
