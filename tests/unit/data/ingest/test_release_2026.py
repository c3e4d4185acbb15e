"""The release of January 2026: read from what was written down of it, and from a zip in its own layout.

The zip of these tests is made from the same rows, so it proves the reader and not the figures; rows of topics that nobody wrote
down are made up, for Redbridge alone.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest import sen2_flows, sen2_plans, sen2_process
from data.ingest.layout import layout
from data.ingest.reading import Release
from data.ingest.sen2_layout import by_age, england
from data.ingest.transcription import TOPICS, transcription
from data.published_needs import DOWN_SYNDROME
from data.schemas import TABLES
from data.vocabulary import ALL

ENGLAND, ISLE_OF_WIGHT = 718_838, 2_000
REDBRIDGE, NEWHAM, LEICESTER, WIGHT = 317, 316, 856, 921
COLLEGES = "general_fe_tertiary_colleges"
NEW = layout("2026")
BUILDERS = {**sen2_plans.BUILDERS, **sen2_process.BUILDERS, **sen2_flows.BUILDERS}
Build = Callable[[str], pd.DataFrame]


def built(release: Release, name: str) -> pd.DataFrame:
    """Return a table that meets its schema, with the rows of the newest release only."""
    frame = TABLES[name].schema.validate(BUILDERS[name](release), lazy=True)
    if name == "england_totals":
        return frame.loc[frame["release"] == "2026"]
    period = TABLES[name].period
    return frame.loc[frame[period] >= (2026 if period == "january" else 2025)]


@pytest.fixture(scope="module")
def written(releases: Path) -> Build:
    """Return a function that builds a table from what was written down."""
    release = Release(releases)
    return cache(lambda name: built(release, name))


def made_up(member: str, columns: list[str]) -> pd.DataFrame:
    """Return rows of Redbridge for the topics of a member that nobody wrote down: 1 in every cell."""
    files = [one for one in NEW.files.values() if one.member == member]
    labels = {"age": {"age_in_january": "age 10", "age_of_worker": "age 16", "age_of_request": "Aged 10"}}
    rows = []
    for one in files:
        for ours, names in one.topics.items():
            label = "Special - independent" if ours == "placement" else names[0]
            if ours == "age":
                label = labels["age"].get(one.labels["age"], "age 10")
            rows.append({TOPICS[0]: names[0], TOPICS[1]: label})
    period = "202526" if files[0].period == "january" else "2025"
    frame = pd.DataFrame(rows).assign(
        time_period=period, geographic_level="Local authority", old_la_code="317"
    )
    return frame.reindex(columns=columns, fill_value="1").assign(region_code="E12000007")


@pytest.fixture(scope="module")
def whole(releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a zip of January 2026 in the official layout."""
    root = tmp_path_factory.mktemp("releases")
    (root / "sen2").mkdir()
    parts = transcription("2026")
    assert parts is not None
    with zipfile.ZipFile(root / NEW.file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in dict.fromkeys(one.member for one in NEW.files.values()):
            files = [one for one in NEW.files.values() if one.member == member]
            values = [c for one in files for c in (*one.columns.values(), *one.left_out)]
            columns = [*NEW.area.published.values(), *TOPICS, *values]
            rows = [made_up(member, columns)]
            if member in parts.files:
                known = parts.read(Release(releases), member, NEW.area.published, values)
                rows = [known, rows[0].loc[~rows[0][TOPICS[0]].isin(known[TOPICS[0]])]]
            frame = pd.concat(rows).assign(**dict.fromkeys(NEW.area.left_out, ""))
            archive.writestr(member, frame.to_csv(index=False))
    return root


def test_plans_of_january_2026_are_england_s_less_the_isle_of_wight(written: Build) -> None:
    total = written("plans_total").set_index("la_code")
    assert total["plans"].sum() == ENGLAND - ISLE_OF_WIGHT
    assert total.index[total["plans"].isna()].tolist() == [WIGHT]
    assert total.loc[REDBRIDGE, "plans"] == 3_830
    assert total.loc[NEWHAM, "plans"] == 3_639
    for name in ("plans_age", "plans_placement"):
        sums = written(name).groupby("la_code")["plans"].agg(lambda g: g.sum(skipna=False)).drop(921)
        assert sums.notna().all(), name
        assert (sums == total["plans"].drop(WIGHT)).all(), name


def test_the_isle_of_wight_has_no_figure_of_january_2026_or_of_2025(written: Build) -> None:
    for name, value in (
        ("plans_age", "plans"), ("plans_age_band", "plans"), ("plans_placement", "plans"), ("new_plans", "new_plans"),
        ("new_plans_age", "plans"), ("new_plans_placement", "plans"), ("new_plans_need", "plans"), ("ceased_plans", "plans"),
        ("ceased_plans_age", "plans"), ("requests", "value"), ("timeliness", "value"),
    ):  # fmt: skip
        rows = written(name).loc[lambda frame: frame["la_code"] == WIGHT]
        assert len(rows), name
        assert rows[value].isna().all(), name
        assert (rows["marker"] == "x").all(), name


def test_leicester_s_flows_of_2025_are_set_aside_and_its_stock_is_not(written: Build) -> None:
    for name, value in (
        ("new_plans", "new_plans"), ("new_plans_age", "plans"), ("new_plans_placement", "plans"), ("new_plans_need", "plans"),
        ("ceased_plans", "plans"), ("ceased_plans_age", "plans"), ("requests", "value"), ("timeliness", "value"),
    ):  # fmt: skip
        rows = written(name).loc[lambda frame: frame["la_code"] == LEICESTER]
        assert len(rows), name
        assert rows[value].isna().all(), name
        assert (rows["marker"] == "x").all(), name
    assert written("plans_total").set_index("la_code").loc[LEICESTER, "plans"] == 4_175
    new = written("new_plans").set_index("la_code")["new_plans"]
    assert new.index[new.isna()].tolist() == [LEICESTER, WIGHT]
    assert new.sum() == 110_698 - 38, "all that was written down, less Leicester's"


def test_state_special_schools_of_redbridge_hold_840(written: Build) -> None:
    places = written("plans_placement")
    redbridge = places.loc[(places["la_code"] == REDBRIDGE) & (places["provision"] == "state_special")]
    assert set(redbridge["placement"]) == {"special_la_maintained", "special_academy", "special_free_school"}
    assert redbridge["plans"].sum() == 840


def test_redbridge_alone_has_ages_by_placement_of_january_2026(written: Build) -> None:
    rows = written("plans_age_placement")
    assert rows["la_code"].unique().tolist() == [REDBRIDGE]
    assert rows["plans"].notna().all()
    assert rows["plans"].sum() == 3_830
    by_placement = written("plans_placement").loc[lambda frame: frame["la_code"] == REDBRIDGE]
    known = by_placement.loc[by_placement["plans"] > 0].set_index("placement")["plans"]
    assert rows.groupby("placement")["plans"].sum().to_dict() == known.to_dict()
    by_age_alone = (
        written("plans_age").loc[lambda frame: frame["la_code"] == REDBRIDGE].set_index("age")["plans"]
    )
    assert rows.groupby("age")["plans"].sum().to_dict() == by_age_alone.loc[by_age_alone > 0].to_dict()


def test_redbridge_s_state_special_schools_by_age(written: Build) -> None:
    rows = written("plans_age_placement")
    ages = rows.loc[rows["provision"] == "state_special"].groupby("age")["plans"].sum()
    parts = [ages.loc[low:high].sum() for low, high in ((2, 3), (4, 10), (11, 15), (16, 18), (19, 25))]
    assert parts == [4, 362, 318, 141, 15]


def test_the_backlog_that_redbridge_cleared_is_there_as_published(written: Build) -> None:
    new = written("new_plans").set_index("la_code")["new_plans"]
    request = written("requests")
    received = request.loc[request["age"].isna() & (request["measure"] == "received")].set_index("la_code")[
        "value"
    ]
    assert (new[REDBRIDGE], received[REDBRIDGE]) == (684, 698)


def test_down_syndrome_is_a_need_of_its_own_and_needs_add_up(written: Build) -> None:
    needs = written("new_plans_need")
    total = written("new_plans").set_index("la_code")["new_plans"]
    sums = needs.groupby("la_code")["plans"].agg(lambda g: g.sum(skipna=False))
    assert sums.index[sums.isna()].tolist() == [LEICESTER, WIGHT]
    assert (sums == total).drop([LEICESTER, WIGHT]).all()
    redbridge = needs.loc[needs["la_code"] == REDBRIDGE].set_index("need")["plans"]
    assert redbridge[DOWN_SYNDROME] == 2
    assert redbridge["OTH"] == 9


def test_ceased_plans_and_requests_add_up_to_their_totals(written: Build) -> None:
    ceased = written("ceased_plans").pivot_table(
        index="la_code", columns="reason", values="plans", aggfunc="first", observed=True
    )
    reasons = ceased.drop(columns=ALL).sum(axis=1)
    assert len(ceased) == 153 - 2, "Leicester and the Isle of Wight have none"
    assert (reasons == ceased[ALL]).all()
    ages = written("ceased_plans_age")
    of_ages = ages.loc[ages["reason"] == ALL].groupby("la_code")["plans"].sum()
    assert (of_ages.reindex(ceased.index) == ceased[ALL]).all()


def test_what_nobody_wrote_down_is_absent_and_never_nil(written: Build) -> None:
    for name in (
        "plans_need", "plans_age_need", "plans_placement_need", "new_plans_age_need", "new_plans_placement_need",
        "ceased_plans_placement", "assessments",
    ):  # fmt: skip
        assert written(name).empty, name


def test_requests_by_age_are_those_received_and_what_became_of_them_is_not_known_by_age(
    written: Build,
) -> None:
    rows = written("requests")
    aged = rows.loc[rows["age"].notna() & ~rows["la_code"].isin([LEICESTER, WIGHT])]
    received = aged["measure"] == "received"
    assert aged.loc[received, "value"].notna().all()
    assert (aged.loc[~received, "value"].dropna() == 0).all(), "nil at an age at which no request came"
    nobody = aged.loc[received & (aged["value"] == 0)].set_index(["la_code", "age"]).index
    known = aged.loc[~received & aged["value"].notna()].set_index(["la_code", "age"]).index
    assert known.isin(nobody).all()


def test_timeliness_that_was_not_returned_is_marked(written: Build) -> None:
    rows = written("timeliness").set_index(["la_code", "measure"])["value"]
    assert rows[876].isna().all(), "Halton"
    norfolk = rows[926]
    assert (norfolk["issued"], norfolk["within_20_weeks"]) == (1_943, 1_147)
    excluding = [measure for measure in norfolk.index if "_ex" in measure]
    assert len(excluding) == 4
    assert norfolk[excluding].isna().all()


@pytest.mark.parametrize(
    ("release", "january", "at_15", "at_16"),
    [("2025", 2024, 0.2, 36.6), ("2025", 2025, 0.2, 38.7), ("2026", 2026, 0.2, 40.4)],
)
def test_colleges_have_plans_from_16_whatever_the_release_says_of_ages(
    releases: Path, release: str, january: int, at_15: float, at_16: float
) -> None:
    """Ages of January 2026 are labelled as those of 31 August, earlier ones are not: shares in colleges show one footing."""
    ages = by_age(england(layout(release).read(Release(releases), "caseload")))
    ages = ages.loc[ages["january"] == january].set_index("age")
    share = {age: 100 * int(ages.loc[age, COLLEGES]) / int(ages.loc[age, "plans"]) for age in (15, 16)}
    assert {age: round(percent, 1) for age, percent in share.items()} == {15: at_15, 16: at_16}


@pytest.mark.parametrize(
    "name", ["caseload", "new_plans", "new_needs", "ceased", "requests", "assessments", "timeliness"]
)
def test_the_zip_and_what_was_written_down_give_the_same_rows(releases: Path, whole: Path, name: str) -> None:
    written, zipped = NEW.read(Release(releases), name), NEW.read(Release(whole), name)
    assert len(written) > (0 if name == "assessments" else 100)
    assert zipped[: len(written)].equals(written)


def test_needs_of_the_stock_are_read_once_the_zip_is_there(releases: Path, whole: Path) -> None:
    assert not NEW.has(Release(releases), "needs")
    assert NEW.has(Release(whole), "needs")
    needs = NEW.read(Release(whole), "needs")
    assert needs["topic"].tolist() == ["all", "age", "placement"]
    assert needs[DOWN_SYNDROME].tolist() == ["1", "1", "1"]


def test_half_a_zip_is_refused_in_words(whole: Path, tmp_path: Path) -> None:
    content = (whole / NEW.file).read_bytes()
    (tmp_path / "sen2").mkdir()
    (tmp_path / NEW.file).write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"plans_2026\.zip is not a whole zip file.*Download it again"):
        NEW.read(Release(tmp_path), "caseload")


def test_a_zip_of_another_publication_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "sen2").mkdir()
    with zipfile.ZipFile(tmp_path / NEW.file, "w") as archive:
        archive.writestr("data/school_capacity.csv", "time_period\n2026\n")
    with pytest.raises(
        SourceError, match=r"no file 'data/caseload\.csv'; it holds data/school_capacity\.csv"
    ):
        NEW.read(Release(tmp_path), "caseload")


def test_a_topic_called_otherwise_is_refused_with_those_there_are(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "sen2").mkdir()
    with zipfile.ZipFile(whole / NEW.file) as found, zipfile.ZipFile(tmp_path / NEW.file, "w") as archive:
        text = found.read("data/newplans.csv").decode()
        archive.writestr("data/newplans.csv", text.replace("Age when plan started", "Age of child"))
    with pytest.raises(
        SourceError,
        match=r"newplans\.csv, column 'breakdown_topic': no row is about 'Age when.*'Age of child'",
    ):
        NEW.read(Release(tmp_path), "new_plans")
