"""The moves every SEN2 table makes, on frames small enough to check by eye."""

from __future__ import annotations

import pandas as pd
import pytest

from data import placements
from data.errors import SourceError
from data.ingest import sen2_layout
from data.ingest.layout import CellSource
from data.vocabulary import PROVISION_CODES


def long(rows: list[tuple[object, ...]], columns: list[str]) -> pd.DataFrame:
    """Return long rows whose last two columns are plans (Int64) and marker (text)."""
    frame = pd.DataFrame(rows, columns=[*columns, "plans", "marker"])
    return frame.astype({"plans": "Int64", "marker": "str"})


SOURCE = CellSource(
    "caseload.csv", {"plans": "ehcplans", **{code: code for code in placements.PLACEMENT_CODES}}
)


def test_every_placement_has_one_code_and_a_known_provision() -> None:
    codes = [p.code for p in placements.PLACEMENTS]
    assert len(codes) == len(set(codes))
    assert set(placements.PROVISION_OF.values()) <= set(PROVISION_CODES)


@pytest.mark.parametrize(
    ("placement", "provision"),
    [
        ("mainstream_academy_senunit", "specialist_base"),
        ("mainstream_la_maintained_resourced_provision", "specialist_base"),
        ("hospital_school", "state_special"),
        ("special_academy_free", "state_special"),
        ("special_non_maintained", "inmss"),
        ("mainstream_independent", "independent_mainstream"),
        ("sixth_form_college", "general_fe"),
        ("ukrlp_provider", "training_provider"),
        ("elective_home_education", "ehe"),
        ("w_settings", "eotas"),
        ("neet_ntci", "neet"),
        ("await_prov_2022", "not_recorded"),
    ],
)
def test_placements_map_to_our_provisions(placement: str, provision: str) -> None:
    assert placements.PROVISION_OF[placement] == provision


def test_measured_keeps_number_or_symbol() -> None:
    frame = pd.DataFrame({"la_code": [317, 204], "plans": ["3,391", "x"]})
    rows = sen2_layout.measured(frame, ["la_code"], ["plans"], SOURCE, name="what")
    assert rows["plans"].tolist() == [3391, pd.NA]
    assert rows["marker"].isna().tolist() == [True, False]
    with pytest.raises(SourceError, match=r"caseload\.csv, column 'ehcplans', row 2: '~'"):
        sen2_layout.measured(frame.assign(plans="~"), ["la_code"], ["plans"], SOURCE)


def test_absent_age_is_nil_only_if_the_authority_returned_ages() -> None:
    rows = long([(317, 2025, 4, 10, None), (204, 2025, 4, None, "x")], ["la_code", "january", "age"])
    areas = pd.DataFrame({"la_code": [317, 204, 874], "january": 2025})
    full = sen2_layout.complete(rows, areas, {"age": (4, 5)}).set_index(["la_code", "age"])
    assert full.loc[(317, 4), "plans"] == 10
    assert full.loc[(317, 5), "plans"] == 0
    assert pd.isna(full.loc[(317, 5), "marker"])
    for code in (204, 874):
        assert full.loc[code, "plans"].isna().all()
        assert full.loc[code, "marker"].tolist() == ["x", "x"]


def test_category_england_does_not_have_was_not_collected() -> None:
    rows = long([(317, 2024, "online_provider", None, "x"), (317, 2025, "online_provider", 3, None)],
                ["la_code", "january", "placement"])  # fmt: skip
    national = rows.assign(la_code=0)
    assert sen2_layout.uncollected(rows, national, ["january", "placement"]).tolist() == [True, False]


def test_incomplete_return_loses_its_figure_and_gains_a_symbol() -> None:
    rows = long([(316, 2025, 1199, None), (316, 2024, 2705, None)], ["la_code", "january"])
    aside = sen2_layout.set_aside(rows, {(316, 2025): "partial"}, "january")
    assert aside["plans"].tolist() == [pd.NA, 2705]
    assert aside["marker"].tolist()[0] == "x"
    assert rows["plans"].tolist() == [1199, 2705]


def test_joined_takes_the_newer_release_and_keeps_what_only_the_older_has() -> None:
    old = long(
        [(317, 2018, 1904, None), (317, 2019, 2119, None), (420, 2019, 0, None)], ["la_code", "january"]
    )
    new = long(
        [(317, 2019, 2119, None), (317, 2020, 2334, None), (420, 2019, None, "x")], ["la_code", "january"]
    )
    new = new.assign(release="2025")
    both = sen2_layout.joined(old, new, ["la_code", "january"], "totals").set_index(["la_code", "january"])
    assert both["plans"].to_dict() == {
        (317, 2018): 1904,
        (317, 2019): 2119,
        (317, 2020): 2334,
        (420, 2019): 0,
    }
    assert both["release"].to_dict() == {
        (317, 2018): "2022", (317, 2019): "2025", (317, 2020): "2025", (420, 2019): "2022",
    }  # fmt: skip
    assert both["marker"].isna().all()


def test_joined_refuses_two_releases_that_differ() -> None:
    old = long([(317, 2019, 2119, None)], ["la_code", "january"])
    with pytest.raises(SourceError, match=r"releases of 2022 and 2025 disagree .* la_code 317"):
        sen2_layout.joined(
            old, old.assign(plans=old["plans"] + 1, release="2025"), ["la_code", "january"], "totals"
        )


def test_remainder_becomes_a_placement_and_excess_is_refused() -> None:
    rows = long([(202, 2018, "neet", 10, None), (202, 2018, "ap_pru_academy", 20, None)],
                ["la_code", "january", "placement"])  # fmt: skip
    keys = ["la_code", "january"]
    total = pd.DataFrame({"la_code": [202], "january": [2018], "total": pd.array([37], dtype="Int64")})
    done = sen2_layout.with_remainder(rows, total, keys, "test")
    assert done.loc[done["placement"] == "unexplained", "plans"].tolist() == [7]
    with pytest.raises(SourceError, match="202"):
        sen2_layout.with_remainder(rows, total.assign(total=29), keys, "test")
    hidden = rows.assign(plans=rows["plans"].mask(rows["placement"] == "neet"))
    assert "unexplained" not in set(sen2_layout.with_remainder(hidden, total, keys, "test")["placement"])


def test_a_stray_figure_in_a_suppressed_row_is_suppressed_too() -> None:
    cells = {c: ["x"] for c in placements.PLACEMENT_CODES} | {"other_placement_settings": ["438"]}
    frame = pd.DataFrame({"la_code": [874], "january": [2024], "mainstream_total": ["x"], **cells})
    rows = sen2_layout.placement_columns(frame, ["la_code", "january"], SOURCE)
    assert rows["plans"].isna().all()
    assert (rows["marker"] == "x").all()
    seen = sen2_layout.placement_columns(frame.assign(mainstream_total="5"), ["la_code", "january"], SOURCE)
    assert seen["plans"].sum() == 438


def test_nil_rows_go_and_unknown_rows_stay() -> None:
    rows = long([(1, 0, None), (2, 5, None), (3, None, "x")], ["la_code"])
    assert sen2_layout.without_nil(rows)["la_code"].tolist() == [2, 3]
