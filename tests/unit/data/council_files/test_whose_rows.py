"""Files with a column of authorities: rows of another council are never read, whatever it is called and in any kind of file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.areas import authority_named
from data.capital.candidate_file import SCHEME_FILE
from data.council_files.corrected_copy import correct
from data.counts.count_tables import COUNT_KINDS
from data.counts.counts_file import OnDay, check_counts, propose_counts
from data.errors import PlannerError
from data.prices.ledger import PRICE_FILE
from data.registers.register_file import REGISTER_FILE, to_csv
from data.registers.starting_register import shipped
from data.vocabulary import NEED_CODES
from tests.unit.data.council_files.test_tables_as_sent import checked, rows, text

HEADINGS = ("Local authority", "LA", "LA name", "Council", "Borough", "Maintaining LA")
PLACES = "{},School,Type,Need,Age range,Places,Opening date,Status\n"
OAK = "{},Oak School,Special school,ASD,4-11,60,September 2024,Open\n"
ELM = "{},Elm,SEN unit,MLD,4-11,12,September 2024,Open\n"
COSTS = "{},Item,Provision,Need,Age range,Cost,Year\n"
FEE = "{},INMSS fee,INMSS,All,2-25,62500,2025-26\n"
SCHEMES = "{},Scheme,Type,Year groups,Places,Designation,Opening date\n"
BASE = "{},{} base,SEN unit,R-Y6,12,ASD,September 2028\n"
AT = OnDay(date(2026, 11, 30), 2026)


@pytest.mark.parametrize("heading", HEADINGS)
@pytest.mark.parametrize("named", ["Barnet", "302", "LB Barnet", "London Borough of Barnet", "E09000003"])
def test_a_register_of_another_council_is_refused(tmp_path: Path, heading: str, named: str) -> None:
    sent = text(tmp_path, PLACES.format(heading) + OAK.format(named) + ELM.format(named))
    with pytest.raises(PlannerError, match=r"looks like a register of Barnet .* given for Redbridge"):
        checked(sent)


TITLED = "School,Type,Need,Age range,Places,Opening date,Status\nOak School,Special school,ASD,4-11,60,September 2024,Open\n"


@pytest.mark.parametrize(
    "title",
    [
        "London Borough of Barnet: specialist places",
        "LB Barnet SEN places",
        "Essex County Council",
        "Bristol City Council",
    ],
)
def test_a_title_of_another_council_is_refused_and_says_how_to_go_on(tmp_path: Path, title: str) -> None:
    with pytest.raises(
        PlannerError, match=r"looks like a register of .* \(its title is .*given for Redbridge.* in the title"
    ):
        checked(text(tmp_path, f"{title},,,,,,\n,,,,,,\n{TITLED}"))


@pytest.mark.parametrize(
    "title",
    [
        "London Borough of Redbridge: specialist places",
        "Places used by Redbridge in schools of Barnet Council",
        "Reading and Bury Road places",
        "SEN places approved by the council",
        "",
    ],
)
def test_a_title_that_names_no_other_council_is_read(tmp_path: Path, title: str) -> None:
    assert rows(checked(text(tmp_path, f"{title},,,,,,\n,,,,,,\n{TITLED}")), "setting") == [("Oak School",)]


def test_rows_of_other_councils_are_named_and_leaving_them_out_is_proposed(tmp_path: Path) -> None:
    sent = PLACES.format("LA name") + OAK.format("Barnet") + ELM.format("Redbridge") + OAK.format("")
    sent += ELM.replace("Elm", "Ash").replace("12", "lots").format("Newham") + ELM.replace(
        "Elm", "Fir"
    ).format("")
    read = checked(text(tmp_path, sent))
    assert [(p.row, p.fix_in_words) for p in read.problems] == [
        (2, "leave the row out"), (5, "leave the row out"), (6, "leave the row out"),
    ]  # fmt: skip
    assert "the row above is Newham's" in read.problems[-1].text
    assert "whole number" not in str(read.problems)
    mended = correct("sent.csv", REGISTER_FILE, read.table, read.problems, read.problems)
    assert not mended.left
    assert rows(checked(text(tmp_path, mended.text, name="copy.csv")), "setting") == [
        ("Elm",),
        ("Oak School",),
    ]


def test_the_number_and_the_name_of_the_authority_beside_each_other_are_no_question(tmp_path: Path) -> None:
    sent = PLACES.format("LA code,LA name") + OAK.format("317,Redbridge") + ELM.format("317,Redbridge")
    assert rows(checked(text(tmp_path, sent)), "setting") == [("Oak School",), ("Elm",)]
    with pytest.raises(PlannerError, match="question"):
        checked(text(tmp_path, sent.replace("317,Redbridge", "317,Barnet")))


def test_a_column_of_councils_beside_the_template_is_read(tmp_path: Path) -> None:
    own = to_csv(shipped(317)).replace(",la_code", ",Council")
    read = checked(text(tmp_path, own.replace(",317\r\n", ",Redbridge\r\n")))
    assert (read.problems, read.owner) == ((), 317)
    with pytest.raises(PlannerError, match="a register of Kent"):
        checked(text(tmp_path, own.replace(",317\r\n", ",Kent County Council\r\n")))


def test_a_column_of_towns_is_not_taken_for_authorities(tmp_path: Path) -> None:
    sent = PLACES.format("Town") + OAK.format("Bedford") + ELM.format("Luton")
    assert rows(checked(text(tmp_path, sent)), "setting") == [("Oak School",), ("Elm",)]


@pytest.mark.parametrize(
    ("kind", "head", "row"),
    [(PRICE_FILE, COSTS, FEE), (SCHEME_FILE, SCHEMES, BASE)],
)  # fmt: skip
def test_costs_and_schemes_of_other_councils_are_not_read(tmp_path: Path, kind, head: str, row: str) -> None:  # type: ignore[no-untyped-def]
    own = row.format("Redbridge", "Elm")
    other = row.format("Barnet", "Oak").replace("62500", "9")
    with pytest.raises(PlannerError, match="of Barnet"):
        checked(text(tmp_path, head.format("Council") + other), kind)
    mixed = checked(text(tmp_path, head.format("Council") + other + own), kind)
    assert [(p.row, p.fix_in_words) for p in mixed.problems] == [(2, "leave the row out")]
    assert list(mixed.rows) == [3]


def test_counts_of_other_councils_are_not_read(tmp_path: Path) -> None:
    head = "Plans as at 30 September 2026,,\nLA name,Primary need,Number of EHCPs\n"
    mine = (
        "".join(f"Redbridge,{code},{4000 if code == 'ASD' else 0}\n" for code in NEED_CODES)
        + "Redbridge,Total,4000\n"
    )
    theirs = (
        "".join(f"Kent,{code},{9000 if code == 'ASD' else 0}\n" for code in NEED_CODES) + "Kent,Total,9000\n"
    )

    def read(content: str):  # type: ignore[no-untyped-def]
        path = text(tmp_path, head + content)
        proposal = propose_counts(path, 317)
        assert proposal is not None
        return check_counts(path, 317, AT, proposal.mapping)

    alone = read(mine).counts
    assert alone is not None
    assert alone.plans.total == 4000
    with pytest.raises(PlannerError, match="of Kent"):
        read(theirs)
    both = read(mine + theirs)
    assert {p.fix_in_words for p in both.problems} == {"leave the row out"}
    sheet = both.sheets["Plans"]
    mended = correct("sent.csv", COUNT_KINDS["Plans"], sheet.table, sheet.problems, sheet.problems)
    again = check_counts(text(tmp_path, mended.text, name="copy.csv"), 317, AT).counts
    assert again is not None
    assert again.plans == alone.plans


def test_a_list_of_totals_of_a_region_gives_the_one_of_ours(tmp_path: Path) -> None:
    path = text(
        tmp_path, "EHC plans on 30 September 2026\nCouncil,EHCPs\nBarnet,4100\nRedbridge,4310\nNewham,3900\n"
    )
    proposal = propose_counts(path, 317)
    assert proposal is not None
    checked_file = check_counts(path, 317, AT, proposal.mapping.answered({"what": "total"}))
    assert [(p.row, p.fix_in_words) for p in checked_file.problems] == [
        (3, "leave the row out"),
        (5, "leave the row out"),
    ]
    sheet = checked_file.sheets["Plans"]
    mended = correct("sent.csv", COUNT_KINDS["Plans"], sheet.table, sheet.problems, sheet.problems)
    again = check_counts(text(tmp_path, mended.text, name="copy.csv"), 317, AT).counts
    assert again is not None
    assert again.plans.total == 4310


@pytest.mark.parametrize(
    ("cell", "code"),
    [("Redbridge", 317), ("LB Redbridge", 317), ("St Helens MBC", 342), ("Kingston upon Hull, City of", 810),
     ("North West", None), ("Yes", None), ("Northamptonshire", None), ("110", None), ("Local authority", None)],
)  # fmt: skip
def test_authorities_are_known_by_what_councils_call_them(cell: str, code: int | None) -> None:
    area = authority_named(cell)
    assert (None if area is None else area.la_code) == code
