"""Capital: ranges from named sources, mainstream figures kept apart."""

from __future__ import annotations

from data.ingest import capital
from data.ingest.reading import Release


def test_benchmarks_tell_mainstream_from_special(releases):
    frame = capital.capital_cost_benchmarks(Release(releases)).set_index("item")
    assert len(frame) == 23
    assert frame["mainstream"].sum() == 8
    assert frame.loc["Redbridge Primary ARP", "cost_per_place_gbp"] == 17857
    assert frame.loc["Redbridge Primary ARP", "price_date"] == "2022"


def test_last_rows_of_the_benchmarks_are_dated(releases):
    frame = capital.capital_cost_benchmarks(Release(releases)).set_index("item")
    assert frame.loc["300-place special school (Balgores Field)", "price_date"] == "2024"


def test_mainstream_cost_has_no_england_row(releases):
    frame = capital.mainstream_cost_per_place(Release(releases))
    assert frame["la_code"].nunique() == 153
    own = frame[(frame["la_code"] == 317) & (frame["academic_year"] == "2024/25")]
    new = own[(own["phase"] == "primary") & (own["project"] == "new_school")]
    assert round(new["cost_per_place_gbp"].iloc[0], 2) == 30357.36
