"""What latent demand is fitted to: signs that are NaN where unpublished, odd returns marked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data import tables
from data.errors import HistoryError
from data.panels.specialist_use import OVERFLOW, STATE_SPECIALIST, SpecialistUse
from data.panels.specialist_use_tables import load
from data.vocabulary import PROVISION_CODES, SMALLEST_AUTHORITIES

REDBRIDGE = 317


@pytest.fixture(scope="module")
def use() -> SpecialistUse:
    return load()


def test_rationed_and_overflow_provisions_are_known_and_apart() -> None:
    assert {*STATE_SPECIALIST, *OVERFLOW} <= set(PROVISION_CODES)
    assert not set(STATE_SPECIALIST) & set(OVERFLOW)


def test_growth_is_yearly_and_logged(use: SpecialistUse) -> None:
    plans = tables.read("plans_total").set_index(["la_code", "january"])["plans"].astype(float)
    expected = np.log(plans[REDBRIDGE, 2026] / plans[REDBRIDGE, 2019]) / 7
    assert float(use.signs.sel(area=REDBRIDGE, sign="growth")) == pytest.approx(expected)


def test_growth_of_a_newer_authority_starts_at_its_first_january(use: SpecialistUse) -> None:
    # Cumberland exists since 2023.
    assert np.isfinite(float(use.signs.sel(area=942, sign="growth")))


def test_net_exports_are_the_other_way_round_from_net_imports(use: SpecialistUse) -> None:
    rows = tables.read("special_pupils_import_export")
    rows = rows[(rows["la_code"] == REDBRIDGE) & (rows["financial_year"] == "2023-24")]
    assert float(rows["net_imports"].iloc[0]) < 0
    assert float(use.signs.sel(area=REDBRIDGE, sign="net_exports")) > 0


def test_smallest_authorities_and_odd_returns_are_kept_and_marked(use: SpecialistUse) -> None:
    assert not use.sound.sel(area=list(SMALLEST_AUTHORITIES)).any()
    assert not bool(use.sound.sel(area=316))
    assert bool(use.sound.sel(area=REDBRIDGE))


def test_parts_about_different_authorities_are_refused(use: SpecialistUse) -> None:
    with pytest.raises(HistoryError, match="not about the same authorities"):
        replace(use, sound=use.sound.isel(area=slice(1, None)))
