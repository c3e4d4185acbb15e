"""The council's own count in the app: put in, what it would move, kept, used on every page, and deleted."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from data.council_files.column_mapping import FOLDER_VARIABLE
from data.council_files.kept_files import COUNTS
from data.counts import kept_counts
from data.counts.counts_file import write_counts
from data.counts.own_counts import OwnCounts, PlansCount
from data.sign_in.people import this_computer
from data.vocabulary import NEED_CODES
from forecast.presentation import top_lines
from forecast.ui.background.job_inputs import JobInputs, base_of
from forecast.ui.components import results, uploads, work_requests
from tests.app.pages import KEEP, choices_of, open_page, text

REDBRIDGE = 317
MOVES = "Redbridge's own count of 4,310 plans on 30 September 2026 moves January 2027 from"
LABEL = "Own count of Redbridge (Excel, or CSV for plans alone)"


def counts(total: int = 4310, day: date = date(2026, 9, 30)) -> OwnCounts:
    return OwnCounts(la_code=REDBRIDGE, plans=PlansCount(day=day, total=total), origin="mine.xlsx")


def content(tmp_path: Path, total: int = 4310, day: date = date(2026, 9, 30)) -> bytes:
    path = tmp_path / "mine.xlsx"
    write_counts(counts(total, day), path)
    return path.read_bytes()


def uploaded(given: bytes, name: str = "mine.xlsx"):  # type: ignore[no-untyped-def]
    app = open_page("data")
    (uploader,) = [u for u in app.file_uploader if u.label == LABEL]
    return uploader.upload(name, given).run()


def keeps(app):  # type: ignore[no-untyped-def]
    return [b for b in app.button if b.label == KEEP]


def test_a_count_is_put_in_shown_kept_used_and_deleted(tmp_path: Path) -> None:
    assert "No count is used" in text(open_page("data"))
    app = uploaded(content(tmp_path))
    assert not app.error
    page = text(app)
    assert "4,310 EHC plans on 30 September 2026" in page
    assert MOVES in page
    assert any("Not kept yet" in w.value for w in app.warning)
    assert COUNTS.versions(REDBRIDGE) == ()
    (button,) = keeps(app)
    app = button.click().run()
    assert any("Own count: kept as version 1" in s.value for s in app.success)
    assert [k.version for k in COUNTS.versions(REDBRIDGE)] == [1]
    for page_name in ("", "demand"):
        shown = open_page(page_name)
        assert any(MOVES in i.value for i in shown.info), page_name
    assert not any(MOVES in i.value for i in open_page("", counts="0").info)
    assert not any("own count" in i.value for i in open_page("", area="E10000016").info)
    app = open_page("data")
    (box,) = [c for c in app.checkbox if c.label == "Yes, delete version 1"]
    app = box.check().run()
    (delete,) = [b for b in app.button if b.label == "Delete it"]
    app = delete.click().run()
    assert COUNTS.versions(REDBRIDGE) == ()
    assert "No count is used" in text(app)


def test_a_broken_file_is_refused_with_every_problem(tmp_path: Path) -> None:
    app = uploaded(
        b"what,code,value,note\r\nauthority,,886,\r\ndate,,2027-09-30,\r\ntotal,,-5,\r\n", "mine.csv"
    )
    assert "3 problems" in app.error[0].value
    assert "Kent" in app.error[0].value
    assert keeps(app) == []


def test_a_count_far_from_the_forecast_is_kept_only_after_it_was_confirmed(tmp_path: Path) -> None:
    app = uploaded(content(tmp_path, 700))
    assert any("700 plans are far fewer" in w.value for w in app.warning)
    assert keeps(app) == []
    (box,) = [c for c in app.checkbox if c.label.startswith("I have checked")]
    app = box.check().run()
    assert len(keeps(app)) == 1


def test_of_two_who_put_in_a_count_the_second_is_told(tmp_path: Path) -> None:
    app = uploaded(content(tmp_path))
    kept_counts.keep(this_computer("Jo"), counts(4200), REDBRIDGE, 0)
    (button,) = keeps(app)
    app = button.click().run()
    assert "was kept by somebody else while you edited" in app.error[0].value
    assert kept_counts.read(COUNTS.find(REDBRIDGE, 1)).plans.total == 4200


def test_a_count_from_before_the_last_return_is_not_used_and_says_so() -> None:
    kept_counts.keep(this_computer("Jo"), counts(3700, date(2025, 9, 30)), REDBRIDGE, 0)
    app = open_page()
    assert not app.error
    assert any(
        "of 30 September 2025. The return of January 2026 is published since" in i.value for i in app.info
    )
    assert results.counts_used(choices_of()).counts is None


def test_a_version_that_is_not_here_says_so() -> None:
    assert "There is no version 4 of Redbridge's own file of counts" in open_page(counts="4").error[0].value


def test_long_work_uses_the_count_of_the_pages() -> None:
    kept_counts.keep(this_computer("Jo"), counts(), REDBRIDGE, 0)
    asked = work_requests.job_inputs(choices_of())
    assert asked.counts is not None
    small = JobInputs(REDBRIDGE, 100, 1, None, None, None, None, 0.0, (), counts=asked.counts)
    outcome = base_of(small, results.inputs()).outcome
    assert outcome.own_count is not None
    assert outcome.own_count.counts.plans.total == 4310


def test_an_old_forecast_says_so_on_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "forecast.ui.frame.shell.old_forecast", lambda today: top_lines.old_forecast(date(2027, 2, 1))
    )
    for page in ("", "demand", "evidence"):
        assert any("Old forecast: it starts from January 2026" in w.value for w in open_page(page).warning)


BY_NEED = (
    'EHC plans at 30 September 2026,\nType of need,Number of EHCPs\nAutism,"2,310"\nSLCN,"2,000"\n'
    + "".join(f"{code},0\n" for code in NEED_CODES if code not in ("ASD", "SLCN"))
    + 'Total,"4,310"\n'
)


def test_a_table_of_plans_by_need_is_confirmed_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mappings"))
    uploads.file_reader().close()  # its processes have the folder of when they began
    app = uploaded(BY_NEED.encode(), "needs.csv")
    assert "is not in the template" in text(app)
    assert keeps(app) == []
    (confirm,) = [b for b in app.button if b.label.startswith("These columns are right")]
    app = confirm.click().run()
    assert not app.exception
    assert "4,310 EHC plans on 30 September 2026, by primary need" in text(app)
    assert len(keeps(app)) == 1


def test_a_broken_sheet_is_named_and_nothing_is_kept(tmp_path: Path) -> None:
    book = load_workbook(BytesIO(content(tmp_path)))
    book["Waiting"].append(["2026-09-30", "ADS", "primary", 4, "named"])
    book.save(tmp_path / "wrong.xlsx")
    app = uploaded((tmp_path / "wrong.xlsx").read_bytes())
    assert "Did you mean 'ASD'?" in app.error[0].value.replace("\\", "")
    assert keeps(app) == []
    assert not [b for b in app.button if b.label == "Read it with these fixes"]
