"""Tables of a council's own: what is left out is named, what is not certain is asked, and bad input changes nothing."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from data.capital import candidate_file
from data.capital.candidate_file import SCHEME_FILE, read_candidates
from data.council_files.column_mapping import (
    ColumnMapping,
    MappingLine,
    read_mapping,
    remember,
    write_mapping,
)
from data.council_files.corrected_copy import accept, copy_content, correct, typed_fix
from data.council_files.council_table import propose
from data.council_files.council_words import parse_word
from data.council_files.spreadsheet import CellError
from data.council_files.text_encodings import UncertainEncodingError, decoded
from data.errors import PlannerError, PriceError, RegisterError
from data.prices import ledger
from data.prices.ledger import PRICE_FILE, read_ledger
from data.prices.starting_books import for_area, inflation
from data.registers.register import STATUSES, Register, places_by_phase
from data.registers.register_file import (
    REGISTER_FILE,
    check_register_file,
    read_register,
    to_csv,
    write_register,
)
from data.vocabulary import PROVISION_CODES

OWN = """Specialist places in the borough
,,,,,
School,Type of provision,Designation,Age range,Number of places,Opening date,Status,Ward
Elm Primary,SEN Unit,Autism,4-11,12,September 2024,Open,North
Oak School,Community special school,SLD/PMLD,4 to 19,c. 190,2022/23,Current,South
,,,,,,,
Total,,,,202,,,
Source: school places team
"""
TEMPLATE = "setting,provision,needs,age_low,age_high,from_academic_year,places,located,status,basis,confidence,source"
ROW = "Elm,state_special,ASD,4,10,2024/25,20,local,open,council,high,list"


def written(folder: Path, text: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def mapped(path: Path, **answers: str) -> ColumnMapping:
    proposal = propose(path, REGISTER_FILE)
    assert proposal is not None
    return proposal.mapping.answered(answers)


def test_a_table_is_read_after_confirmation_and_says_what_was_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    register = read_register(path, mapping=mapped(path))
    rows = register.rows
    assert rows["setting"].tolist() == ["Elm Primary", "Oak School"]
    assert rows[["age_low", "age_high"]].to_numpy().tolist() == [[4, 10], [4, 18]]
    assert rows["places"].tolist() == [12, 190]
    assert rows["basis"].tolist() == ["council", "estimated"]
    assert any("Row 7 is a total" in remark for remark in register.remarks)
    assert any("Row 8 is a remark" in remark for remark in register.remarks)


def test_a_total_that_does_not_add_up_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, OWN.replace(",202,", ",220,"))
    assert any(
        "says 220, but the rows above it add up to 202" in r
        for r in read_register(path, mapping=mapped(path)).remarks
    )


def test_other_columns_are_kept_aside_and_come_back(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    register = read_register(path, 317, mapping=mapped(path))
    assert register.aside.names == ("Ward",)
    for ending in (".csv", ".xlsx"):
        again = tmp_path / f"again{ending}"
        write_register(register, again)
        back = read_register(again, 317)
        assert back.rows.equals(register.rows)
        assert back.aside == register.aside


def test_a_month_of_opening_and_a_note_come_back(tmp_path: Path) -> None:
    text = f"{TEMPLATE},opens_in,note\n{ROW},2025-04,Ask Priya before you change this\n"
    register = read_register(written(tmp_path, text))
    again = read_register(written(tmp_path, to_csv(register), "again.csv"))
    assert again.rows.equals(register.rows)
    assert again.rows.loc[0, "opens_in"] == "2025-04"
    assert again.rows.loc[0, "note"] == "Ask Priya before you change this"


def test_places_go_on_until_a_step_in_the_middle_of_the_year_has_opened(tmp_path: Path) -> None:
    header = f"{TEMPLATE},to_academic_year,opens_in"
    steps = f"{header}\n{ROW},2024/25,\n{ROW.replace('2024/25,20', '2025/26,32')},,2026-03\n"
    register = read_register(written(tmp_path, steps))
    by_january = places_by_phase(register, [2025, 2026, 2027]).groupby("january")["places"].sum()
    assert by_january.tolist() == [20, 20, 32]


def test_a_month_outside_the_first_year_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegisterError, match=r"'2026-10' is in the academic year 2026/27, not in 2024/25"):
        read_register(written(tmp_path, f"{TEMPLATE},opens_in\n{ROW},October 2026\n"))


def test_two_header_rows_are_refused(tmp_path: Path) -> None:
    text = "School,Places,Type\nSetting,Number of places,Type of provision\nElm,12,SEN unit\n"
    with pytest.raises(RegisterError, match="rows 1 and 2 could both be the header"):
        propose(written(tmp_path, text), REGISTER_FILE)


def test_a_column_mapped_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    twice = mapped(path, Ward="provision")
    with pytest.raises(RegisterError, match="column 'provision' is mapped twice"):
        read_register(path, mapping=twice)


def test_two_columns_that_could_be_one_of_ours_are_asked(tmp_path: Path) -> None:
    path = written(
        tmp_path, "School,Type of provision,Places,Capacity\nElm,SEN unit,12,14\nOak,SEN unit,20,21\n"
    )
    columns = mapped(path).of("column")
    assert columns["Places"] == "places"
    assert columns["Capacity"] == "aside"
    path = written(
        tmp_path, "School,Type of provision,Planned places,Capacity\nElm,SEN unit,12,14\nOak,SEN unit,20,21\n"
    )
    assert {
        columns
        for name, columns in mapped(path).of("column").items()
        if name in ("Planned places", "Capacity")
    } == {"?"}


def test_an_open_question_is_not_answered_for_the_user(tmp_path: Path) -> None:
    path = written(tmp_path, "School,Type of provision,Places\nElm,SEN unit,12\nOak,Centre,20\n")
    mapping = mapped(path)
    asked_of = {one.theirs for one in mapping.questions}
    assert {"status", "from_academic_year", "needs", "provision: Centre"} <= asked_of
    with pytest.raises(RegisterError, match="question"):
        read_register(path, mapping=mapping)


def test_a_mapping_reads_back_and_is_remembered_for_the_same_headings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SENDPLAN_MAPPINGS", str(tmp_path / "mappings"))
    path = written(tmp_path, OWN)
    mapping = mapped(path)
    write_mapping(mapping, tmp_path / "m.csv")
    assert read_mapping(tmp_path / "m.csv", REGISTER_FILE).lines == mapping.lines
    proposal = propose(path, REGISTER_FILE)
    assert proposal is not None
    remember(mapping, REGISTER_FILE, 317, proposal.names)
    assert len(read_register(path, 317).rows) == 2
    with pytest.raises(RegisterError, match="not in the template"):
        read_register(path, 316)
    with pytest.raises(RegisterError, match="not in the template"):
        read_register(written(tmp_path, OWN.replace("Ward", "Area"), "other.csv"), 317)


def test_problems_have_fixes_that_are_accepted_one_by_one(tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW.replace("Elm", "Oak").replace(",4,10,", ",04-Nov,,"),
        ROW.replace("Elm", "Ash").replace("2024/25", "2024"),
    ]
    path = written(tmp_path, "\n".join([TEMPLATE, *rows, ""]))
    checked = check_register_file(path)
    assert {f"{p.row}": dict(p.fix) for p in checked.problems if p.fix} == {
        "3": {"age_low": "4", "age_high": "10"}, "4": {"from_academic_year": "2024/25"},
    }  # fmt: skip
    part = correct(path.name, REGISTER_FILE, checked.table, checked.problems, accept(checked.problems, {"3"}))
    assert [p.row for p in part.left] == [4]
    whole = correct(path.name, REGISTER_FILE, checked.table, checked.problems, accept(checked.problems, None))
    copy = written(tmp_path, whole.text, "copy.csv")
    assert read_register(copy).rows["age_high"].tolist() == [10, 10, 10]
    assert path.read_text("utf-8") == "\n".join([TEMPLATE, *rows, ""])


def test_a_fix_that_makes_places_negative_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f"{TEMPLATE}\n{ROW.replace(',20,', ',many,')}\n")
    checked = check_register_file(path)
    (problem,) = checked.problems
    with pytest.raises(RegisterError, match=r"'-5' is not a whole number.*Nothing was changed"):
        typed_fix(path.name, REGISTER_FILE, checked.table, problem, "-5")


@pytest.mark.parametrize(
    ("column", "word", "codes"),
    [
        ("provision", "Specialst school", PROVISION_CODES),
        ("provision", "Specail unt", PROVISION_CODES),
        ("provision", "Suport centre", PROVISION_CODES),
        ("status", "Aproved in princple", STATUSES),
        ("status", "Plannd", STATUSES),
    ],
)
def test_a_hint_never_crosses_from_counted_to_not_counted(
    column: str, word: str, codes: tuple[str, ...]
) -> None:
    with pytest.raises(CellError) as error:
        parse_word(column, word, column, codes)
    hint = error.value.fix.get("")
    counted = {"state_special", "specialist_base", "specialist_post16", "open", "agreed"}
    assert hint is None or hint in counted


def test_merged_cells_count_once_and_names_stand_in_each_row(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["Places by school"])
    sheet.merge_cells("A1:F1")
    sheet.append(["School", "Type of provision", "Need", "Year groups", "Places", "Opening", "Status"])
    sheet.append(["Elm School", "Special school", "ASD", "R-Y6", 40, "2023/24", "Open"])
    sheet.append([None, "Special school", "ASD", "Y7-Y11", 60, "2023/24", "Open"])
    sheet.merge_cells("A3:A4")
    path = tmp_path / "merged.xlsx"
    book.save(path)
    register = read_register(path, mapping=mapped(path))
    assert register.rows["setting"].tolist() == ["Elm School", "Elm School"]
    assert register.rows["places"].sum() == 100


def test_an_encoding_that_is_not_certain_is_refused_with_both_readings() -> None:
    with pytest.raises(UncertainEncodingError, match=r"Windows-1252.*Mac Roman"):
        decoded("Council list £10k, Fierté".encode("cp437"))


def test_prices_and_schemes_of_a_councils_own_are_read(tmp_path: Path) -> None:
    fees = written(
        tmp_path, "Type of placement,Need,Average annual cost,Financial year\nINMSS,Autism,c. £71k,2025/26\n"
    )
    proposal = propose(fees, PRICE_FILE)
    assert proposal is not None
    with pytest.raises(PriceError, match="not in the template"):
        read_ledger(fees, inflation(), 317)
    mapping = proposal.mapping.answered({"item": "inmss_fee", "age_low": "4", "age_high": "18"})
    (price,) = read_ledger(fees, inflation(), 317, mapping=mapping).prices
    assert (price.price, price.need_group, price.s251_line, price.basis) == (
        71_000,
        "autism",
        "1.2.3",
        "estimated",
    )
    programme = written(
        tmp_path,
        "Project,Type,Additional places,Ages,Need,Completion,Total cost\nOak ARP,Resourced provision,12,4-11,ASD,April "
        "2027,£1.2m\n",
        "programme.csv",
    )
    schemes = propose(programme, SCHEME_FILE)
    assert schemes is not None
    (scheme,) = read_candidates(
        programme, 317, mapping=schemes.mapping.answered({"price_year": "2025-26"})
    ).rows
    assert (scheme.id, scheme.kind, scheme.opens, scheme.capital_low) == ("oak-arp", "base", 2027, 100_000)


def test_a_mapping_with_a_name_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, OWN)
    strange = ColumnMapping((MappingLine("column", "School", "school_name"),))
    with pytest.raises(PlannerError, match="not one of ours"):
        read_register(path, mapping=strange)


def test_a_register_made_in_code_has_nothing_aside(tmp_path: Path) -> None:
    register = read_register(written(tmp_path, f"{TEMPLATE}\n{ROW}\n"))
    made = Register(None, register.rows, "made")
    assert made.aside.names == ()
    assert made.remarks == ()


def test_a_note_that_says_a_later_opening_is_pointed_out(tmp_path: Path) -> None:
    text = f"{TEMPLATE},note\n{ROW},opens at Easter 2025 after works\n"
    (warning,) = read_register(written(tmp_path, text)).warnings
    assert "its places are counted in January 2025" in warning
    assert "2025-04" in warning
    assert not read_register(written(tmp_path, text.replace("Easter 2025", "Easter 2027"))).warnings


def test_upper_ages_that_may_be_at_31_august_are_asked(tmp_path: Path) -> None:
    table = "School,Type of provision,Lowest age,Highest age,Places\nElm,SEN unit,4,{},12\nOak,SEN unit,11,{},20\n"
    leaving = written(tmp_path, table.format(11, 16))
    assert mapped(leaving).of("column")["Highest age"] == "leaving_age"
    at_august = written(tmp_path, table.format(10, 15))
    assert mapped(at_august).of("column")["Highest age"] == "?"


def test_other_columns_of_unit_costs_and_schemes_survive_a_rewrite(tmp_path: Path) -> None:
    book = for_area(317)
    text = ledger.to_csv(book.in_use().head(3), 317).splitlines()
    own = "\n".join(
        [f"{text[0]},Contract officer", *(f"{row},Officer {n}" for n, row in enumerate(text[1:]))]
    )
    read = read_ledger(written(tmp_path, own, "prices.csv"), book.inflation, 317)
    assert read.aside.cells == (("Officer 0",), ("Officer 1",), ("Officer 2",))
    in_use = book.with_rows(read.rows).in_use()
    again = ledger.to_csv(in_use, 317, ledger.aside_of(read, in_use))
    back = read_ledger(written(tmp_path, again, "again.csv"), book.inflation, 317)
    kept = dict(
        zip((p.item + p.provision + p.need_group for p in back.prices), back.aside.cells, strict=True)
    )
    assert {kept[p.item + p.provision + p.need_group] for p in read.prices} == set(read.aside.cells)
    assert back.aside.names == ("Contract officer",)
    assert ("",) in back.aside.cells, "prices that are not the council's have blank cells"
    shipped = candidate_file.shipped(317)
    assert shipped is not None
    lines = candidate_file.to_csv(shipped.rows).splitlines()
    path = written(tmp_path, "\n".join([f"{lines[0]},Lead", *(f"{r},=Jo" for r in lines[1:])]), "schemes.csv")
    schemes = candidate_file.read_candidates(path, 317)
    assert schemes.aside.names == ("Lead",)
    candidate_file.write_template(schemes.rows, tmp_path / "t.csv", schemes.aside)
    assert candidate_file.read_candidates(tmp_path / "t.csv", 317).aside == schemes.aside


LEFT = "School,Type,Need,Age range,Places,Opening date,Status,Ward\nOak,Special school,ASD,4-11,60,September 2024,Open,North\n"


def left_to_correct(folder: Path) -> tuple[Path, ColumnMapping]:
    path = written(folder, LEFT + "Elm,SEN unit,MLD,all,lots,September 2024,Open,South\n")
    return path, mapped(path, **{"Age range": "age_range", "Places": "places"})


def test_what_a_person_types_for_a_problem_is_written_and_nothing_else(tmp_path: Path) -> None:
    path, mapping = left_to_correct(tmp_path)
    checked = check_register_file(path, None, mapping)
    ages, places = (next(p for p in checked.problems if p.column == c) for c in ("Age range", "places"))
    typed = [
        typed_fix(path.name, REGISTER_FILE, checked.table, p, cell)
        for p, cell in ((ages, "R-Y6"), (places, "12"))
    ]
    copy = correct(path.name, REGISTER_FILE, checked.table, checked.problems, typed)
    assert not copy.left
    again = read_register(written(tmp_path, copy.text, "copy.csv"))
    assert again.rows.loc[1, ["age_low", "age_high", "places"]].tolist() == [4, 10, 12]
    for problem, cell in ((ages, "grown up"), (places, "-3")):
        with pytest.raises(RegisterError, match="cannot be used"):
            typed_fix(path.name, REGISTER_FILE, checked.table, problem, cell)
    out = typed_fix(path.name, REGISTER_FILE, checked.table, places, "Leave out")
    rows = correct(path.name, REGISTER_FILE, checked.table, checked.problems, [out])
    assert len(rows.rows) == 2
    assert not rows.left


def test_what_is_left_is_marked_in_the_copy_and_the_marks_are_never_read(tmp_path: Path) -> None:
    path, mapping = left_to_correct(tmp_path)
    checked = check_register_file(path, None, mapping)
    copy = correct(path.name, REGISTER_FILE, checked.table, checked.problems, [])
    header, oak, elm = copy.rows
    assert header[-2:] == ("Ward", "what to correct")
    assert oak[-1] == ""
    assert "'lots' is not a whole number" in elm[-1]
    assert {header[column - 1] for row, column in copy.marked if row == 3} == {
        "age_low",
        "age_high",
        "places",
    }
    again = check_register_file(written(tmp_path, copy.text, "copy.csv"))
    assert {p.row for p in again.problems} == {3}
    assert "what to correct" not in again.table.aside_names
    typed = [cell.replace("lots", "12") for cell in elm]
    typed[header.index("age_low")], typed[header.index("age_high")] = "4", "10"
    whole = replace(copy, rows=(header, oak, tuple(typed)))
    register = read_register(written(tmp_path, whole.text, "typed.csv"))
    assert register.rows["places"].tolist() == [60, 12]
    assert register.aside.names == ("Ward",)


def test_marks_of_a_workbook_are_yellow_cells(tmp_path: Path) -> None:
    table = Workbook()
    for line in (TEMPLATE, ROW, ROW.replace("Elm", "Oak").replace(",20,", ",lots,")):
        table.active.append([int(c) if c.isdigit() else c for c in line.split(",")])
    table.save(tmp_path / "own.xlsx")
    checked = check_register_file(tmp_path / "own.xlsx")
    copy = correct("own.xlsx", REGISTER_FILE, checked.table, checked.problems, [])
    book = load_workbook(BytesIO(copy_content(tmp_path / "own.xlsx", [copy], RegisterError)))
    yellow = [
        c.coordinate for row in book["Register"].iter_rows() for c in row if c.fill.fgColor.rgb == "00FFFF00"
    ]
    assert yellow == ["G3"]
    book["Register"]["G3"] = 12
    book.save(tmp_path / "own.corrected.xlsx")
    assert read_register(tmp_path / "own.corrected.xlsx").rows["places"].tolist() == [20, 12]


def test_a_row_whose_cells_are_not_sure_is_refused_in_the_copy_too(tmp_path: Path) -> None:
    rows = [ROW.replace("2024/25", "2024"), ROW.replace("Elm", "Oak") + ",500"]
    checked = check_register_file(written(tmp_path, "\n".join([TEMPLATE, *rows])))
    copy = correct("own.csv", REGISTER_FILE, checked.table, checked.problems, accept(checked.problems, None))
    (beyond,) = copy.left
    (problem,) = check_register_file(written(tmp_path, copy.text, "copy.csv")).problems
    assert problem.row == 3
    assert "cells for" in problem.text
    with pytest.raises(RegisterError, match="no single cell"):
        typed_fix("own.csv", REGISTER_FILE, checked.table, beyond, "500")
