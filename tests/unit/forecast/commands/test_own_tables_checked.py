"""``check`` of a table of the council's own: a mapping is written first, then fixes are accepted, then it is used."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner

from data.counts.counts_file import OnDay, read_counts, write_counts
from data.counts.own_counts import OwnCounts, PlansCount
from data.errors import CapitalError, CountError, OptionError, PlannerError, RegisterError
from data.registers.register_file import read_register
from data.vocabulary import NEED_CODES
from forecast.cli import app

TABLE = """School,Type of provision,Designation,Year groups,Number of places,Opening date,Status
Elm Primary,SEN Unit,Autism,R-Y6,12,September 2024,Open
Oak School,Community special school,SLD/PMLD,Y7-Y11,190,2022,Current
"""

TEMPLATE = "setting,provision,needs,age_low,age_high,from_academic_year,places,located,status,basis,confidence,source"


def sendplan(*arguments: str) -> str:
    """Return what a command prints; errors of input are raised, as `main` expects."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_a_table_is_mapped_mended_and_used(here: Path) -> None:
    table = here / "ours.csv"
    table.write_text(TABLE, "utf-8")
    with pytest.raises(RegisterError, match=r"What we would read is in .*ours\.csv\.mapping\.csv"):
        sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")
    mapping = here / "ours.csv.mapping.csv"
    assert "column,Designation,needs" in mapping.read_text("utf-8-sig")
    before = os.stat(mapping).st_mtime_ns
    with pytest.raises(RegisterError, match="There is a mapping already"):
        sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")
    assert os.stat(mapping).st_mtime_ns == before, "answers are never written over"
    check = ("capacity", "check", "ours.csv", "--area", "Redbridge", "--mapping", mapping.name)
    with pytest.raises(
        RegisterError, match=r"Row 3.*could be 2021/22 or 2022/23.*Proposed: from_academic_year 2022/23"
    ):
        sendplan(*check)
    with pytest.raises(RegisterError):
        sendplan(*check, "--fix")
    copy = here / "ours.corrected.csv"
    assert read_register(copy, 317).rows["from_academic_year"].tolist() == ["2024/25", "2022/23"]
    assert table.read_text("utf-8") == TABLE
    with pytest.raises(OptionError, match="exists"):
        sendplan(*check, "--fix")
    copy.unlink()
    with pytest.raises(RegisterError):
        sendplan(*check, "--fix", "--leave-out", "3")
    assert read_register(copy, 317).rows["setting"].tolist() == ["Elm Primary"]
    copy.unlink()
    table.write_text(TABLE.replace(",2022,", ",2022/23,").replace("190", "lots"), "utf-8")
    with pytest.raises(RegisterError):
        sendplan(*check, "--fix")
    text = copy.read_text("utf-8-sig")
    assert "what to correct" in text.splitlines()[0]
    copy.write_text(text.replace(",lots,", ",190,"), "utf-8")
    assert read_register(copy, 317).rows["places"].tolist() == [12, 190], "typed where the copy says so"
    table.write_text(TABLE.replace(",2022,", ",2022/23,"), "utf-8")
    assert "The mapping is remembered" in sendplan(*check)
    assert "2 rows" in sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")


def test_schemes_are_checked(here: Path) -> None:
    programme = here / "programme.csv"
    programme.write_text(
        "Project,Type,Additional places,Ages,Need,Completion,Total cost\n"
        "Oak ARP,Resourced provision,12,4-11,ASD,September 2027,£1.2m\n",
        "utf-8",
    )
    with pytest.raises(CapitalError, match=r"1 question\(s\), marked \?"):
        sendplan("schemes", "check", "Redbridge", "programme.csv")
    mapping = here / "programme.csv.mapping.csv"
    mapping.write_text(
        mapping.read_text("utf-8-sig").replace("value,price_year,?", "value,price_year,2025-26"), "utf-8"
    )
    output = sendplan("schemes", "check", "Redbridge", "programme.csv", "--mapping", mapping.name)
    assert "programme.csv can be used: 1 schemes, 12 places" in output
    assert "'£1.2m' was read as 1,200,000" in output


SCHEMES = """Scheme,Type,Year groups,Places,Designation,Opening date,Capital cost
Elm base,SEN Unit,R-Y6,12,Autism,September 2028,c. £600k
"""


def test_commands_that_forecast_say_which_mapping_they_read_a_file_with(here: Path) -> None:
    (here / "ours.csv").write_text(TABLE.replace("2022,", "2022/23,"), "utf-8")
    forecast = ("capacity", "diff", "ours.csv", "ours.csv", "--area", "Redbridge")
    with pytest.raises(RegisterError, match=r"sendplan capacity check ours\.csv --area 317"):
        sendplan(*forecast)
    with pytest.raises(RegisterError):
        sendplan("capacity", "check", "ours.csv", "--area", "Redbridge")
    sendplan("capacity", "check", "ours.csv", "--area", "Redbridge", "--mapping", "ours.csv.mapping.csv")
    assert "ours.csv: The mapping confirmed for Redbridge on" in sendplan(*forecast)
    (here / "s.csv").write_text(SCHEMES, "utf-8")
    with pytest.raises(CapitalError, match=r"sendplan schemes check 317 s\.csv"):
        sendplan("capital", "Redbridge", "--candidates", "s.csv", "--template", "t.csv")


def test_a_workbook_gives_a_corrected_workbook_with_its_other_sheets(here: Path) -> None:
    book = Workbook()
    notes = book.active
    notes.title = "Notes"
    notes.append(["Prepared by the places team", 12.5, "=1+1"])
    table = book.create_sheet("Places")
    table.append(TEMPLATE.split(","))
    table.append(
        [
            "Elm",
            "state_special",
            "ASD",
            "04-Nov",
            "",
            "2024/25",
            20,
            "local",
            "open",
            "council",
            "high",
            "list",
        ]
    )
    notes["C1"] = "kept"
    book.save(here / "r.xlsx")
    with pytest.raises(RegisterError, match="turned the ages"):
        sendplan("capacity", "check", "r.xlsx", "--area", "Redbridge", "--fix")
    copy = load_workbook(here / "r.corrected.xlsx")
    assert copy.sheetnames == ["Register", "Notes", "Places", "What was changed"]
    assert [c.value for c in copy["Notes"][1]] == ["Prepared by the places team", 12.5, "kept"]
    assert copy["What was changed"]["C2"].value == "age_low 4, age_high 10"
    rows = read_register(here / "r.corrected.xlsx", 317).rows
    assert rows[["age_low", "age_high", "places"]].to_numpy().tolist() == [[4, 10, 20]]


def test_counts_are_mapped_mended_and_kept(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDPLAN_COUNTS", str(here / "kept"))
    needs = [code for code in NEED_CODES if code not in ("ASD", "SLCN")]
    rows = ["Type of need,Number of EHCPs", 'Autism,"2,310"', "SLCN,2000", *(f"{code},0" for code in needs)]
    (here / "n.csv").write_text("\n".join([*rows, "Sub-total of all,4310", "Total,4310"]) + "\n", "utf-8")
    with pytest.raises(CountError, match=r"What we would read is in n\.csv\.mapping\.csv, with 1 question"):
        sendplan("counts", "check", "Redbridge", "n.csv")
    mapping = here / "n.csv.mapping.csv"
    mapping.write_text(
        mapping.read_text("utf-8-sig").replace("value,date,?", "value,date,30/09/2026"), "utf-8"
    )
    check = ("counts", "check", "Redbridge", "n.csv", "--mapping", mapping.name)
    with pytest.raises(CountError, match=r"row 15.*'Sub-total of all' is not a need we know"):
        sendplan(*check, "--fix", "--leave-out", "15")
    copy = sendplan("counts", "check", "Redbridge", "n.corrected.csv")
    assert "4,310 EHC plans on 30 September 2026, by primary need" in copy
    (here / "n.csv").write_text(
        (here / "n.csv").read_text("utf-8").replace("Sub-total of all,4310\n", ""), "utf-8"
    )
    kept = sendplan("counts", "keep", "Redbridge", "n.csv")
    assert "n.csv: The mapping confirmed for Redbridge on" in kept
    assert "Kept: Version 1" in kept


def test_wrong_rows_of_a_sheet_of_counts_are_left_out_of_a_corrected_workbook(here: Path) -> None:
    counts = OwnCounts(la_code=317, plans=PlansCount(day=date(2026, 9, 30), total=4310))
    write_counts(counts, here / "c.xlsx")
    book = load_workbook(here / "c.xlsx")
    book["Waiting"].append(["2026-09-30", "ADS", "primary", 4, "named"])
    book["Waiting"].append(["2026-09-30", "ASD", "primary", 4, "named"])
    book.save(here / "c.xlsx")
    with pytest.raises(CountError, match="Sheet 'Waiting', row 2"):
        sendplan("counts", "check", "Redbridge", "c.xlsx", "--fix", "--leave-out", "Waiting:2")
    read = read_counts(here / "c.corrected.xlsx", 317, OnDay.now(date.today()))
    assert [w.children for w in read.waiting] == [4]
    assert read.plans == counts.plans


@dataclass(frozen=True)
class Sent:
    """A kind of file as a council sends it, with how it is checked."""

    command: tuple[str, ...]
    header: str
    row: str
    other_header: str
    twice: tuple[str, str]
    another: str


SENT = {
    "register": Sent(
        ("capacity", "check", "sent.csv", "--area", "Redbridge"),
        "School,Type,Need,Age range,Places,Opening date,Status,LA code",
        "Oak,Special school,ASD,4-11,60,September 2024,Open,317",
        "Places,School,Type,Need,Age range,Opening date,Status,LA code",
        ("Type", "setting"),
        "looks like a register of Kent",
    ),
    "costs": Sent(
        ("unit-costs", "check", "Redbridge", "sent.csv"),
        "Item,Provision,Need,Age range,Cost,Year,LA code",
        "INMSS fee,INMSS,All,2-25,62500,2025-26,317",
        "Cost,Item,Provision,Need,Age range,Year,LA code",
        ("Provision", "item"),
        "looks like a file of unit costs of Kent",
    ),
    "schemes": Sent(
        ("schemes", "check", "Redbridge", "sent.csv"),
        "Scheme,Type,Year groups,Places,Designation,Opening date,LA code",
        "Elm base,SEN unit,R-Y6,12,Autism,September 2028,317",
        "Places,Scheme,Type,Year groups,Designation,Opening date,LA code",
        ("Type", "title"),
        "looks like a file of schemes of Kent",
    ),
    "counts": Sent(
        ("counts", "check", "Redbridge", "sent.csv"),
        "Measure,Breakdown value,Number of plans",
        "LA,,317\nAs at,,30/09/2026\nTotal plans,,4310",
        "Number of plans,Measure,Breakdown value",
        ("Type of need", "value"),
        "'886' is Kent, but the count was given for Redbridge",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(SENT))
def test_bad_files_are_refused_by_command_and_nothing_is_changed(
    kind: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("SENDPLAN_MAPPINGS", "SENDPLAN_COUNTS", "SENDPLAN_REGISTERS"):
        monkeypatch.setenv(variable, str(here / "kept" / variable))
    sent, path = SENT[kind], here / "sent.csv"
    table = f"{sent.header}\n{sent.row}\n"
    path.write_text(f"{table}\n{sent.other_header}\n{sent.row}\n", "utf-8")
    with pytest.raises(PlannerError, match="could both be the header"):
        sendplan(*sent.command)
    assert [p.name for p in here.iterdir()] == ["sent.csv"]
    path.write_text(table.replace("317", "886"), "utf-8")
    if kind == "counts":  # its words are certain; a table by need does not say whose it is
        with pytest.raises(PlannerError, match=re.escape(sent.another)):
            sendplan(*sent.command)
        table = "Type of need,Number of EHCPs,Last year\nAutism,4310,4100\n"
        path.write_text(table, "utf-8")
    with pytest.raises(PlannerError, match="What we would read is in"):
        sendplan(*sent.command)
    mapping = here / "sent.csv.mapping.csv"
    written = mapping.read_text("utf-8-sig").replace(",?,", ",open,")
    mapping.write_text(written, "utf-8")
    if kind != "counts":
        with pytest.raises(PlannerError, match=re.escape(sent.another)):
            sendplan(*sent.command, "--mapping", mapping.name)
    theirs, ours = sent.twice
    mapping.write_text(re.sub(rf"(column,{theirs}),[^,]*,", rf"\1,{ours},", written), "utf-8")
    with pytest.raises(
        PlannerError,
        match=f"'{ours}' is mapped twice",
    ):
        sendplan(*sent.command, "--mapping", mapping.name)
    assert path.read_text("utf-8") == table.replace("317", "886")
    assert sorted(p.name for p in here.iterdir() if p.is_file()) == ["sent.csv", "sent.csv.mapping.csv"]
