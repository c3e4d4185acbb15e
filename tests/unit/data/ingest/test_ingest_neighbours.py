"""Statistical neighbours: ten each, closest first, by explicit spelling."""

from __future__ import annotations

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import neighbours
from data.ingest.reading import Release


@pytest.fixture(scope="module")
def built(releases):
    return neighbours.statistical_neighbours(Release(releases))


def test_ten_each_and_never_oneself(built):
    assert (built.groupby("la_code")["neighbour_la_code"].nunique() == 10).all()
    assert built["la_code"].nunique() == 153
    assert (built["la_code"] != built["neighbour_la_code"]).all()


def test_redbridge_is_closest_to_harrow(built):
    own = built[built["la_code"] == 317].set_index("rank")["neighbour_la_code"]
    assert own.loc[[1, 2, 3]].tolist() == [310, 312, 320]


def test_odd_spellings_reach_their_authority(built):
    assert {840, 822, 884, 810} <= set(built["neighbour_la_code"])


def test_a_full_eleventh_row_is_an_error():
    wide = pd.DataFrame({"Redbridge": [f"LA {i}" for i in range(11)]})
    with pytest.raises(SourceError, match="blank last row"):
        neighbours.without_blank_row(wide)


def test_a_gap_among_the_ten_is_an_error():
    wide = pd.DataFrame({"Redbridge": [*["Harrow"] * 9, "", ""]})
    with pytest.raises(SourceError, match="10 names"):
        neighbours.without_blank_row(wide)
