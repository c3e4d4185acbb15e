"""A table of the council's own on the page Data: its columns are confirmed, its fixes accepted, and only then it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook
from streamlit.testing.v1 import AppTest

from data.council_files.column_mapping import FOLDER_VARIABLE
from forecast.ui.components import uploads
from forecast.ui.editors.file_reading import TYPED
from tests.app.pages import keep_buttons, open_page, put_in, text

TABLE = """Specialist places
School,Type of provision,Designation,Year groups,Number of places,Opening date,Status,Ward
Elm Primary,SEN Unit,Autism,R-Y6,12,September 2024,Open,North
Oak School,Community special school,SLD/PMLD,Y7-Y11,c. 190,2022/23,Current,South
Total,,,,202,,,
"""
WRONG = (
    "setting,provision,needs,age_low,age_high,from_academic_year,places,located,status,basis,confidence,source\n"
    "Elm,state_special,ASD,04-Nov,,2024/25,20,local,open,council,high,list\n"
)


@pytest.fixture(autouse=True)
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "mappings"))
    uploads.file_reader().close()  # its processes have the folder of when they began
    return tmp_path / "mappings"


def test_columns_are_confirmed_once_and_what_would_change_is_shown(mappings: Path) -> None:
    app = put_in(open_page("data"), TABLE)
    assert not keep_buttons(app)
    assert "is not in the template" in text(app)
    (confirm,) = [b for b in app.button if b.label.startswith("These columns are right")]
    confirm.click().run()
    assert not app.exception
    assert "What would change" in text(app)
    assert "is a total" in text(app)
    assert len(list(mappings.rglob("*.csv"))) == 1
    again = put_in(open_page("data"), TABLE.replace("12,", "14,"))
    assert "What would change" in text(again)


def test_a_proposed_fix_is_made_only_when_it_is_accepted() -> None:
    app = put_in(open_page("data"), WRONG)
    assert "turned the ages '4-11' into it" in app.error[0].value.replace("\\", "")
    assert not keep_buttons(app)
    (every,) = [c for c in app.checkbox if c.label == "Accept every proposed fix"]
    every.check().run()
    (mend,) = [b for b in app.button if b.label == "Read it with these fixes"]
    mend.click().run()
    assert not app.exception
    assert "What would change" in text(app)


def test_a_person_types_what_a_cell_should_be_beside_its_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = WRONG.replace(",04-Nov,,", ",4,10,").replace(",20,", ",lots,")

    def typing(cell: str) -> Callable[..., pd.DataFrame]:
        return lambda frame, **_: frame.assign(**{TYPED: [cell] * len(frame)}) if TYPED in frame else frame

    app = put_in(open_page("data"), wrong)
    assert not [b for b in app.button if b.label == "Read it with these fixes"]
    with monkeypatch.context() as patched:
        patched.setattr("streamlit.data_editor", typing("-12"))
        app.run()
        assert "'-12' is not a whole number" in shown_errors(app)
        assert not [b for b in app.button if b.label == "Read it with these fixes"]
        patched.setattr("streamlit.data_editor", typing("12"))
        app.run()
        (mend,) = [b for b in app.button if b.label == "Read it with these fixes"]
        mend.click().run()
    assert not app.exception
    assert "What would change" in text(app)


def test_fixes_of_a_workbook_are_made_in_a_copy_of_it_and_read() -> None:
    book = Workbook()
    book.active.title = "Register"
    for line in WRONG.splitlines():
        book.active.append([int(c) if c.isdigit() else c for c in line.split(",")])
    book.create_sheet("Notes").append(["Prepared by the places team"])
    sent = BytesIO()
    book.save(sent)
    app = put_in(open_page("data"), sent.getvalue(), "mine.xlsx")
    (every,) = [c for c in app.checkbox if c.label == "Accept every proposed fix"]
    every.check().run()
    (mend,) = [b for b in app.button if b.label == "Read it with these fixes"]
    mend.click().run()
    assert not app.exception
    assert "What would change" in text(app)


@dataclass(frozen=True)
class PutIn:
    """A kind of file as a council sends it, and the page and uploader it is put in at."""

    page: str
    label: str
    header: str
    row: str
    other_header: str
    twice: tuple[str, str]
    another: str


PUT_IN = {
    "register": PutIn(
        "data",
        "register",
        "School,Type,Need,Age range,Places,Opening date,Status,LA code",
        "Oak,Special school,ASD,4-11,60,September 2024,Open,317",
        "Places,School,Type,Need,Age range,Opening date,Status,LA code",
        ("Type", "setting"),
        "looks like a register of Kent",
    ),
    "costs": PutIn(
        "data",
        "Unit costs",
        "Item,Provision,Need,Age range,Cost,Year,LA code",
        "INMSS fee,INMSS,All,2-25,62500,2025-26,317",
        "Cost,Item,Provision,Need,Age range,Year,LA code",
        ("Provision", "item"),
        "looks like a file of unit costs of Kent",
    ),
    "schemes": PutIn(
        "capital",
        "Schemes",
        "Scheme,Type,Year groups,Places,Designation,Opening date,LA code",
        "Elm base,SEN unit,R-Y6,12,Autism,September 2028,317",
        "Places,Scheme,Type,Year groups,Designation,Opening date,LA code",
        ("Type", "title"),
        "looks like a file of schemes of Kent",
    ),
    "counts": PutIn(
        "data",
        "Own count",
        "Type of need,Number of EHCPs,Last year",
        "Autism,4310,4100",
        "Number of EHCPs,Type of need,Last year",
        ("Last year", "value"),
        "",
    ),
}  # fmt: skip


def put_in_at(sent: PutIn, content: str) -> AppTest:
    app = open_page(sent.page)
    (uploader,) = [u for u in app.file_uploader if sent.label.casefold() in u.label.casefold()]
    return uploader.upload("sent.csv", content.encode()).run()


def confirmed_with(
    sent: PutIn, content: str, monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, str]
) -> AppTest:
    """Return a page after the columns of a file were confirmed, with what a person writes in the table of columns."""

    def written(frame: pd.DataFrame, **_: object) -> pd.DataFrame:
        if "Ours" not in frame:
            return frame
        usual = [
            "2026-09-30" if t == "date" and o == "?" else o
            for t, o in zip(frame["Theirs"], frame["Ours"], strict=True)
        ]
        return frame.assign(Ours=[answers.get(t, o) for t, o in zip(frame["Theirs"], usual, strict=True)])

    app = put_in_at(sent, content)
    assert "is not in the template" in text(app)
    with monkeypatch.context() as patched:
        patched.setattr("streamlit.data_editor", written)
        (confirm,) = [b for b in app.button if b.label.startswith("These columns are right")]
        return confirm.click().run()


def shown_errors(app: AppTest) -> str:
    return "\n".join(e.value for e in app.error).replace("\\", "")


@pytest.mark.parametrize("kind", list(PUT_IN))
def test_bad_files_are_refused_on_the_page_and_nothing_is_kept(
    kind: str, mappings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = PUT_IN[kind]
    table = f"{sent.header}\n{sent.row}\n"
    app = put_in_at(sent, f"{table}\n{sent.other_header}\n{sent.row}\n")
    assert "could both be the header" in shown_errors(app)
    assert not keep_buttons(app)
    app = confirmed_with(sent, table.replace("317", "886"), monkeypatch, {sent.twice[0]: sent.twice[1]})
    assert f"'{sent.twice[1]}' is mapped twice" in shown_errors(app)
    assert not list(mappings.rglob("*.csv"))
    assert not keep_buttons(app)
    if sent.another:
        app = confirmed_with(sent, table.replace("317", "886"), monkeypatch, {})
        assert sent.another in shown_errors(app)
        assert not keep_buttons(app)
