"""A release as one file: half a zip, another publication, a year in a known layout, changed columns, a layout of one's own."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from data.errors import SourceError
from data.ingest.release_file import open_release
from data.ingest.transcription import FOLDER
from tests.release_2027 import NAME, write_release

TITLE = "Education, health and care plans"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_release(tmp_path_factory.mktemp("release") / NAME)


def renamed(member: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return files as a release has them that calls two columns otherwise and has one more."""
    if member == "data/caseload.csv":
        return frame.rename(columns={"ehcplans": "ehc_plans_total"})
    return frame.assign(new_column="1") if member == "data/requests.csv" else frame


def test_a_new_year_is_read_in_the_newest_layout_that_fits(whole: Path) -> None:
    opened = open_release(whole, TITLE)
    assert (opened.january, opened.fits, opened.layout.release) == (2027, "2026", "2027")
    assert (opened.layout.first_january, opened.layout.first_year) == (0, 0), (
        "all that it says of earlier years is read"
    )
    caseload = opened.layout.read(opened.release, "caseload")
    assert set(caseload["january"]) == {2027}


def test_a_release_of_a_known_year_is_read_in_its_own_layout(releases: Path) -> None:
    opened = open_release(releases / "sen2" / "education-health-and-care-plans_2025.zip", TITLE)
    assert (opened.january, opened.fits) == (2025, "2025")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_half_a_zip_is_refused_in_words(whole: Path, tmp_path: Path, share: float) -> None:
    content = whole.read_bytes()
    path = tmp_path / "half.zip"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(
        SourceError, match=r"half\.zip is not a whole zip file.*nothing was changed. Download it again"
    ):
        open_release(path, TITLE)


def test_a_zip_with_a_byte_altered_is_refused_in_words(whole: Path, tmp_path: Path) -> None:
    content = bytearray(whole.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path = tmp_path / "altered.zip"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=r"altered\.zip is not a whole zip file"):
        open_release(path, TITLE)


def test_a_zip_of_another_publication_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "school-capacity_2027.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/school_capacity.csv", "time_period\n2027\n")
    with pytest.raises(
        SourceError,
        match=rf"is not a release of '{TITLE}'.*it holds 'data/school_capacity\.csv'.*Nothing was changed",
    ):
        open_release(path, TITLE)


def test_a_zip_that_lacks_a_file_is_refused_with_its_name(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "lacking.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as archive:
        for name in source.namelist():
            if name != "data/requests.csv":
                archive.writestr(name, source.read(name))
    with pytest.raises(SourceError, match=r"there is no file 'data/requests\.csv'"):
        open_release(path, TITLE)


def test_changed_columns_are_all_named_in_one_message_with_what_to_do(tmp_path: Path) -> None:
    path = write_release(tmp_path / NAME, renamed)
    with pytest.raises(SourceError) as refused:
        open_release(path, TITLE)
    words = str(refused.value)
    for part in (
        str(path), "January 2027", "'data/caseload.csv' ([files.caseload])", "column(s) missing: ehcplans", "2026.toml",
        "left_out", "column(s) unknown: ehc_plans_total", "'data/requests.csv' ([files.requests]): column(s) unknown: new_column",
        "--layout FILE", "nothing was changed",
    ):  # fmt: skip
        assert part in words, part


def test_a_layout_of_one_s_own_reads_what_no_other_knows(tmp_path: Path) -> None:
    path = write_release(tmp_path / NAME, renamed)
    text = (FOLDER / "2026.toml").read_text(encoding="utf-8")
    own = tmp_path / "own.toml"
    own.write_text(
        text.replace('plans = "ehcplans"', 'plans = "ehc_plans_total"').replace(
            '"tribunal_after_mediation_request",', '"tribunal_after_mediation_request", "new_column",'
        ),
        encoding="utf-8",
    )
    opened = open_release(path, TITLE, own)
    assert (opened.january, opened.fits, opened.layout.release) == (2027, "given", "2027")
    assert len(opened.layout.read(opened.release, "caseload")) > 1000


def test_a_layout_that_does_not_fit_or_is_none_is_refused_in_words(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"--layout .*2025\.toml"):
        open_release(write_release(tmp_path / NAME, renamed), TITLE, FOLDER / "2025.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("release = 2027", encoding="utf-8")
    with pytest.raises(SourceError, match=r"cannot be used as a layout"):
        open_release(whole, TITLE, bad)
    with pytest.raises(SourceError, match=r"layout .*none\.toml cannot be read"):
        open_release(whole, TITLE, tmp_path / "none.toml")


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"cannot be read.*--from"):
        open_release(tmp_path / "none.zip", TITLE)
