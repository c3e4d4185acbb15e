"""No model may know what came after its origin: corrupt the future, forecasts must not move by a bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from data import tables
from data.panels import backlogs, composition_tables, history_tables
from data.panels.history import FIRST_PROJECTION_ORIGIN, RESIDENTS_DELAY, History
from data.vocabulary import ALL
from forecast.demand.members import Models, all_names
from models.memory import fingerprint
from models.provision_totals import ProvisionTotals
from tests.histories import corrupted_after

ORIGIN = 2021
TARGETS = [2022, 2024, 2026]
SAMPLED = ("headline", "bayes_growth")
LAGS = {"january": 0, "year": 1, "mid_year": RESIDENTS_DELAY}
"""Column of a published table that says when, to how much later than it an origin must be to know the row."""

Reader = Callable[[str], pd.DataFrame]


def late_rows(name: str, rows: pd.DataFrame, origin: int) -> pd.Series:
    """Return which rows of a published table cannot be known at an origin."""
    when = next((column for column in LAGS if column in rows), None)
    if when is None:
        return pd.Series(data=False, index=rows.index)
    late = rows[when] > origin - LAGS[when]
    if name == "population" and origin >= FIRST_PROJECTION_ORIGIN:
        # A projection that was made by the origin runs past it.
        late &= ~rows["basis"].isin(history_tables.PROJECTED_BASES)
    return late


def without_later(read: Reader, origin: int) -> Reader:
    """Return a reader of the published tables as they could be on the day of an origin."""

    def earlier(name: str) -> pd.DataFrame:
        rows = read(name)
        return rows.loc[~late_rows(name, rows, origin)].reset_index(drop=True)

    return earlier


def spoilt_later(read: Reader, origin: int) -> Reader:
    """Return a reader of the published tables in which every figure after an origin is nonsense."""
    counts = ["plans", "statements", "ehc_plans", "new_plans", "value", "population"]

    def spoilt(name: str) -> pd.DataFrame:
        rows = read(name).copy()
        late, rng = late_rows(name, rows, origin), np.random.default_rng(9)
        for column in rows.columns.intersection(counts):
            junk = pd.Series(rng.integers(1, 99_999, len(rows)), index=rows.index)
            rows[column] = rows[column].mask(late, junk.astype(rows[column].dtype))
        return rows

    return spoilt


def _forecast(models: Models, name: str, history: History) -> np.ndarray:
    fitted = models.scored(name).fit(history.until(ORIGIN), rng=np.random.default_rng(3))
    forecast = fitted.forecast(TARGETS, [301, 302, 317])
    quantiles = forecast.quantiles([0.1, 0.5, 0.9]).to_numpy()
    draws = forecast.draws(100, np.random.default_rng(4)).to_numpy()
    return np.concatenate([quantiles.ravel(), draws.ravel()])


@pytest.fixture(scope="module")
def clean_of(synthetic: History, brief_models: Callable[[], Models]) -> Callable[[str], np.ndarray]:
    """Return a function that gives a model's forecast from the history as it is, made once."""
    return cache(lambda name: _forecast(brief_models(), name, synthetic))


@pytest.mark.parametrize("origin", [2014, 2018, 2021, 2024])
def test_a_history_is_identical_when_its_future_is_corrupted(origin: int, synthetic: History) -> None:
    """Models see a history and nothing else, so this holds for every model there will be."""
    spoilt = corrupted_after(synthetic, origin)
    assert fingerprint(spoilt.until(origin)) == fingerprint(synthetic.until(origin))
    assert fingerprint(spoilt) != fingerprint(synthetic)


@pytest.mark.parametrize("name", all_names())
def test_forecasts_are_identical_when_the_future_is_corrupted(
    name: str, synthetic: History, brief_models: Callable[[], Models], clean_of: Callable[[str], np.ndarray]
) -> None:
    clean = clean_of(name)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, _forecast(brief_models(), name, corrupted_after(synthetic, ORIGIN)))


@pytest.mark.parametrize("name", [n for n in all_names() if n not in ("last_value", *SAMPLED)])
def test_the_leak_test_can_fail(
    name: str, synthetic: History, brief_models: Callable[[], Models], clean_of: Callable[[str], np.ndarray]
) -> None:
    """Corrupting from the origin itself does move forecasts, so the test above has teeth."""
    moved = _forecast(brief_models(), name, corrupted_after(synthetic, ORIGIN - 1))
    assert not np.array_equal(clean_of(name), moved)


@pytest.mark.parametrize("change", [without_later, spoilt_later])
@pytest.mark.parametrize(("panel", "origin"), [("series", 2024), ("series", 2025), ("current", 2025)])
def test_published_tables_give_the_same_history_whatever_was_published_later(
    panel: history_tables.Panel,
    origin: int,
    change: Callable[[Reader, int], Reader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """January 2026, flows of 2025, leavers crossed from their margins, later residents: none reaches an earlier origin."""
    whole = history_tables.load(panel)
    monkeypatch.setattr(tables, "read", change(tables.read, origin))
    other = history_tables.load(panel)
    assert fingerprint(other) != fingerprint(whole)
    assert fingerprint(other.until(origin)) == fingerprint(whole.until(origin))
    spread, own = (backlogs.spread(history.until(origin)) for history in (other, whole))
    assert fingerprint(spread) == fingerprint(own)
    assert fingerprint(own) != fingerprint(whole.until(origin)), "some backlog had been cleared by then"


def test_new_plans_by_age_and_need_of_a_year_do_not_depend_on_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Plans are divided by need as the new plans of each year were, which flows of placements read for an earlier year too."""
    latest = int(tables.read("new_plans_need")["year"].max())
    of_before, of_latest = (composition_tables.joiners(year) for year in (latest - 1, latest))
    hazard = composition_tables.leaver_hazard(latest - 1)
    monkeypatch.setattr(tables, "read", spoilt_later(tables.read, latest))
    xr.testing.assert_identical(composition_tables.joiners(latest - 1), of_before)
    xr.testing.assert_identical(composition_tables.leaver_hazard(latest - 1), hazard)
    assert not composition_tables.joiners(latest).equals(of_latest), "new plans of the year are used"


def test_the_projection_is_known_no_earlier_than_the_estimates_it_rests_on() -> None:
    """A newer base in the table would otherwise be known, through the projection, to origins before it was published."""
    rows = tables.read("population")
    estimated = rows.loc[~rows["basis"].isin(history_tables.PROJECTED_BASES), "mid_year"]
    assert int(estimated.max()) + RESIDENTS_DELAY <= FIRST_PROJECTION_ORIGIN


def test_the_law_on_published_tables_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spoiling the tables from the origin itself does show in the history up to it."""
    clean = history_tables.load("series").until(2025)
    monkeypatch.setattr(tables, "read", spoilt_later(tables.read, 2024))
    assert fingerprint(history_tables.load("series").until(2025)) != fingerprint(clean)


@pytest.mark.parametrize("name", ["pipeline_ridge", "local_linear_trend"])
def test_a_backlog_moves_no_forecast_before_it_is_cleared(
    name: str, synthetic: History, brief_models: Callable[[], Models], clean_of: Callable[[str], np.ndarray]
) -> None:
    """Spreading alters years before the jump: made from figures after the origin, it would reach into the past."""
    flows, last = synthetic.flows.copy(deep=True), ORIGIN
    for area in (301, 302, 317):
        before = {"area": area, "year": last - 1}
        flows["requests"].loc[{"area": area, "year": last}] = flows["requests"].loc[before]
        flows["new_plans"].loc[{"area": area, "year": last}] = 3 * flows["new_plans"].loc[before]
    cleared = replace(synthetic, flows=flows)
    found = {b.area for b in backlogs.find(cleared.until(last + 1)) if b.years[-1] == last}
    assert found >= {301, 302, 317}
    past = {"january": slice(None, ORIGIN), "area": [301, 302, 317], "series": ALL}
    seen = backlogs.spread(cleared.until(last + 1)).stock.sel(past)
    assert not seen.equals(synthetic.stock.sel(past)), (
        "seen a year later, it alters Januaries up to the origin"
    )
    np.testing.assert_array_equal(clean_of(name), _forecast(brief_models(), name, cleared))


def _kinds(model: ProvisionTotals, history: History, bands: xr.DataArray) -> np.ndarray:
    fitted = replace(model, memory=model.memory.with_compiled()).fit(
        history.until(ORIGIN), rng=np.random.default_rng(3)
    )
    return fitted.kinds(bands, np.random.default_rng(4)).to_numpy()


def test_kinds_of_provision_are_identical_when_the_future_is_corrupted(
    synthetic: History, brief_provision: ProvisionTotals
) -> None:
    """Given the same plans, what becomes of them hangs on placements up to the origin alone."""
    bands = synthetic.stock.sel(area=[301, 302, 317], january=[2022, 2023]).expand_dims(draw=range(20))
    clean = _kinds(brief_provision, synthetic, bands)
    assert np.isfinite(clean).all()
    np.testing.assert_array_equal(clean, _kinds(brief_provision, corrupted_after(synthetic, ORIGIN), bands))
    moved = _kinds(brief_provision, corrupted_after(synthetic, ORIGIN - 1), bands)
    assert not np.array_equal(clean, moved), "corrupting the origin itself must show"


def test_history_holds_nothing_after_its_origin(synthetic: History) -> None:
    past = synthetic.until(ORIGIN)
    assert int(past.stock["january"].max()) == ORIGIN
    assert int(past.spliced["january"].max()) == ORIGIN
    # Flows of calendar year 2020 are published with the January 2021 stock; those of 2021 are not out yet.
    assert int(past.flows["year"].max()) == ORIGIN - 1
    assert int(past.new_plans_by_band["year"].max()) == ORIGIN - 1
    assert past.stock_by_age.sizes["january"] == 0
    assert int(past.placements["january"].max()) == ORIGIN
    # Residents at mid-2020 are published in 2021, and the 2022-based projection in 2025.
    assert int(past.residents["mid_year"].max()) == ORIGIN - 2
    assert past.projection.sizes["mid_year"] == 0


def test_an_origin_after_the_data_is_refused(synthetic: History) -> None:
    with pytest.raises(ValueError, match="runs from January 2010 to January 2025"):
        synthetic.until(2026)
