"""A table of the council's own on the page Data: its columns are confirmed, its fixes accepted, and only then it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.council_files.column_mapping import FOLDER_VARIABLE
from forecast.ui.components import uploads
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
