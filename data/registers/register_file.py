"""Capacity register files: read and check them, and write them so that they read back unchanged.

Invariant: a file (CSV or .xlsx) is read whole or not at all, and every problem in it is reported at once, by
spreadsheet row and column. A text cell never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from data import tables
from data.areas import current
from data.council_files.column_mapping import ColumnMapping
from data.council_files.council_table import CheckedFile, CouncilTable, read_council_table
from data.council_files.council_words import meaning, parse_needs, parse_word
from data.council_files.file_kinds import UNANSWERED, FileKind, ages_of_range, last_age_of_leavers
from data.council_files.formulas import guarded
from data.council_files.problems import SHOWN, Problem, report
from data.council_files.spreadsheet import (
    AGE_BLANK,
    AUTHORITY,
    CellError,
    Remark,
    Understood,
    name_of,
    parse_authority,
    parse_cells,
    remarks_in_words,
    write_whole,
)
from data.council_files.whose_rows import whose_rows
from data.council_files.written_ages import parse_age_or_year_group
from data.council_files.written_amounts import amount, is_not_known, no_number, with_point
from data.council_files.written_dates import day, iso_date, month, pair_of_years, parse_academic_year
from data.errors import OutputError, RegisterError
from data.formatting import quoted
from data.registers.register import (
    BASES,
    COLUMNS,
    CONFIDENCES,
    DETAILS,
    ESTIMATED,
    JANUARIES,
    LOCATIONS,
    MAX_DELAY,
    MAX_PLACES,
    PHASINGS,
    STATUSES,
    Register,
    academic_year,
    earliest_day,
    find_phased_steps,
    frame,
    repeated_places,
    row_problems,
)
from data.tables import newest_january
from data.vocabulary import ALL, PROVISION_CODES, SPECIALIST_PROVISIONS

OPTIONAL: tuple[str, ...] = ("urn", "to_academic_year", "note", *DETAILS)
"""Columns whose cells may be blank."""

MADE_HERE = 0.5
"""Share of a file's known schools in another authority above which the file is taken for that authority's."""

MAX_ROWS = 5_000
"""Rows in one register; the largest authority needs a few hundred."""

SUFFIXES: tuple[str, ...] = (".csv", ".xlsx")
"""Kinds of file that are read and written."""

MAX_BYTES = 20_000_000
"""Largest register file that is opened, in bytes (20 MB)."""

_NUMBER = re.compile(r"(\d{1,9}|\d{1,3}(,\d{3}){1,2})(\.0+)?", re.ASCII)
_URN = re.compile(r"\d{6}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,15})?", re.ASCII)


def _word(column: str, kind: str, allowed: Sequence[str]) -> Callable[[str], str | Understood]:
    return lambda cell: parse_word(column, cell, kind, allowed)


def _urn(cell: str) -> int:
    text = cell.removesuffix(".0")
    if _URN.fullmatch(text) is None or text.startswith("0"):
        raise CellError(f"{quoted(cell)} is not a school's six-digit URN. Correct it or leave it blank.")
    return int(text)


def _count(what: str) -> Callable[[str], int | Understood]:
    def read(cell: str) -> int | Understood:
        number = amount(cell)
        if number is None or not number.number.is_integer():
            raise CellError(
                f"{quoted(cell)} is not a whole number of {what}. Write 0 or more, without decimals or words."
                + no_number(cell),
                with_point(cell),
            )
        whole = int(number.number)
        if whole > MAX_PLACES:
            raise CellError(
                f"{whole:,} is more than {MAX_PLACES:,} {what} in one setting. Look for an extra digit."
            )
        if number.estimated:
            return Understood(
                whole, f"{quoted(cell)} was read as {whole:,}, estimated", (("basis", ESTIMATED),)
            )
        plain_number = _NUMBER.fullmatch(cell) is not None
        return whole if plain_number else Understood(whole, f"{quoted(cell)} was read as {whole:,}")

    return read


def _per_cent(cell: str) -> float:
    text = cell.removesuffix("%").strip()
    number = float(text) if _DECIMAL.fullmatch(text) else -1.0
    if not 0 <= number <= 100:
        raise CellError(f"{quoted(cell)} is not a percentage. Write a number from 0 to 100, such as 90.")
    if 0 < number < 1:
        raise CellError(f"{quoted(cell)} is under 1 %. Write per cent, not a share: {100 * number:g}.")
    return number


def _delay(cell: str) -> float:
    number = float(cell) if _DECIMAL.fullmatch(cell) else 0.0
    if not 1 <= number <= MAX_DELAY:
        raise CellError(
            f"{quoted(cell)} is not a delay. Write the mean years a late scheme takes longer, 1 to {MAX_DELAY:.0f}."
        )
    return number


def _january(cell: str) -> int:
    low, high = JANUARIES
    text = re.sub(r"^jan(?:uary)?[\s\-]*|\.0$", "", cell, flags=re.IGNORECASE)
    if re.fullmatch(r"20\d\d", text, re.ASCII) is None or not low <= int(text) <= high:
        raise CellError(f"{quoted(cell)} is not a January. Write the year of the census, like '2025'.")
    return int(text)


def _month(cell: str) -> str:
    at = month(cell)
    if at is None:
        exact = day(cell)
        at = None if exact is None else (exact.year, exact.month)
    if at is None:
        raise CellError(
            f"{quoted(cell)} is not a month. Write it like '2026-04', or leave it blank for September."
        )
    return f"{at[0]}-{at[1]:02d}"


def _date(cell: str) -> str:
    """Return a date in ISO form at the precision given, however it is written."""
    iso = iso_date(cell)
    if iso is None or earliest_day(iso) is None:
        raise CellError(f"{quoted(cell)} is not a date. Write it like '2024-11-05', '2024-11' or '2024'.")
    return iso


_BEFORE = re.compile(r"(?:pre|before|prior to|opened before|open before)\b[\s\-]*(.+)", re.I)


def _opening(cell: str) -> str | Understood:
    """Return the academic year in which places open, or one by which a cell says that they were open already."""
    try:
        return parse_academic_year(cell)
    except CellError as error:
        refused = error
    if is_not_known(cell):
        raise CellError(
            f"{quoted(cell)} says that the opening is not known. Write the academic year, like '2026/27', or leave the row "
            "out for now."
        )
    newest = academic_year(newest_january())
    by = newest if _is_open(cell) else _year_before(cell)
    if by is None or by > newest:
        raise refused
    return Understood(by, f"{quoted(cell)} was read as open by the academic year {by}")


def _is_open(cell: str) -> bool:
    """Return whether the words of an opening say that the places are open today."""
    known = meaning("status", cell)
    return known is not None and known.codes == ("open",)


def _year_before(cell: str) -> str | None:
    """Return the last academic year that ends or has its January before what "Pre 2020" names; None where it is no such word."""
    match = _BEFORE.fullmatch(cell.strip())
    if match is None:
        return None
    first = pair_of_years(match[1])
    at = (first, 9) if first is not None else month(match[1])
    if at is None and re.fullmatch(r"20\d\d", match[1]):
        at = (int(match[1]), 1)
    return None if at is None else academic_year(at[0])


_PARSERS: dict[str, Callable[[str], object]] = {
    "setting": str,
    "urn": _urn,
    "provision": _word("provision", "provision", PROVISION_CODES),
    "needs": parse_needs,
    "age_low": parse_age_or_year_group,
    "age_high": parse_age_or_year_group,
    "from_academic_year": _opening,
    "to_academic_year": partial(parse_academic_year, last=True),
    "places": _count("places"),
    "max_occupancy": _per_cent,
    "taken_by_others": _count("places"),
    "roll": _count("pupils"),
    "roll_january": _january,
    "funded_places": _count("places"),
    "located": _word("located", "location", LOCATIONS),
    "status": _word("status", "status", STATUSES),
    "opens_in": _month,
    "agreed_on": _date,
    "phasing": _word("phasing", "phasing", PHASINGS),
    "chance_delivered": _per_cent,
    "chance_on_time": _per_cent,
    "typical_delay_years": _delay,
    "community": str,
    "basis": _word("basis", "basis", BASES),
    "confidence": _word("confidence", "confidence", CONFIDENCES),
    "source": str,
    "note": str,
    AUTHORITY: parse_authority,
}

_BLANK: dict[str, str] = {
    "setting": "Name the school or unit.",
    "provision": f"Write a provision code such as {', '.join(SPECIALIST_PROVISIONS)}.",
    "needs": f"Write need codes joined by ';', or {ALL}.",
    **AGE_BLANK,
    "from_academic_year": "Write the first academic year, like '2024/25'.",
    "places": "A blank could mean none or not known. Write a whole number, 0 if there are none.",
    "located": f"Write {' or '.join(LOCATIONS)}.",
    "status": f"Write {', '.join(STATUSES[:-1])} or {STATUSES[-1]}.",
    "basis": f"Write {', '.join(BASES[:-1])} or {BASES[-1]}.",
    "confidence": f"Write {', '.join(CONFIDENCES[:-1])} or {CONFIDENCES[-1]}.",
    "source": "Say where the number comes from: an address, a document or 'council records'.",
}
"""What to write in a cell that must not be blank."""


def _establishment_type(cell: str) -> dict[str, str]:
    value = parse_word("gias_type", cell.removesuffix(".0"), "type of establishment", PROVISION_CODES)
    return {"provision": str(value.value if isinstance(value, Understood) else value)}


NEEDED: tuple[str, ...] = tuple(c for c in COLUMNS if c not in OPTIONAL)
"""Columns whose cells must not be blank."""

REGISTER_FILE = FileKind(
    code="register",
    name="a register",
    columns=(*COLUMNS, AUTHORITY),
    parsers=_PARSERS,
    needed=NEEDED,
    values={
        "setting": UNANSWERED,
        "provision": UNANSWERED,
        "needs": UNANSWERED,
        "age_low": UNANSWERED,
        "age_high": UNANSWERED,
        "from_academic_year": UNANSWERED,
        "located": LOCATIONS[0],
        "status": UNANSWERED,
        "basis": "council",
        "confidence": "medium",
        "source": "the file",
    },
    choices={
        "provision": PROVISION_CODES,
        "located": LOCATIONS,
        "status": STATUSES,
        "basis": BASES,
        "confidence": CONFIDENCES,
        "age_low": ("an age at 31 August, such as 4 for Reception",),
        "age_high": ("an age at 31 August, such as 10 for Year 6",),
        "needs": (f"need codes joined by ;, or {ALL}",),
        "from_academic_year": ("an academic year like 2025/26",),
    },
    words={
        "provision": "provision",
        "needs": "needs",
        "status": "status",
        "located": "located",
        "phasing": "phasing",
    },
    converters={
        "age_range": partial(ages_of_range, school_range=True),
        "ages_at_31_august": partial(ages_of_range, school_range=False),
        "leaving_age": last_age_of_leavers,
        "gias_type": _establishment_type,
    },
    gives={
        "age_range": ("age_low", "age_high"),
        "ages_at_31_august": ("age_low", "age_high"),
        "leaving_age": ("age_high",),
        "gias_type": ("provision",),
    },
    amount="places",
    title="setting",
    refuse=RegisterError,
    nothing="no places were read",
    check_command="sendplan capacity check {file} --area {area}",
    by_year=True,
    sheets=("Register",),
)
"""Registers, for the reader of council files."""


def read_register(
    path: str | Path,
    la_code: int | None = None,
    *,
    mapping: ColumnMapping | None = None,
    trusted: bool = False,
) -> Register:
    """Read and check a register file, CSV or .xlsx, in the template or with columns of the council's own.

    Rows are numbered as in the spreadsheet. Words and spellings whose meaning is certain are put right; every
    problem of the file is reported at once. Columns of `DETAILS` may be missing, as in older files.

    Parameters
    ----------
    path
        The file; of a workbook, its sheet "Register" or else the one with such a table.
    la_code
        Whose register it should be; None to take what the file says, if it does.
    mapping
        What a person confirmed of a table that is not in the template; None to use the one remembered for the authority.
    trusted
        As in `data.registers.register.Register`: for files that we ship. Cells are read, and refused, as those of any file.

    Raises
    ------
    RegisterError
        The file cannot be read, any cell cannot be used, or it is another authority's; nothing is read in part.
    """
    path = Path(path)
    checked = check_register_file(path, la_code, mapping)
    if checked.problems:
        raise RegisterError(report(path.name, checked.problems))
    rows, table = checked.rows, checked.table
    remarks = (*table.notes, *remarks_in_words(checked.remarks))
    return Register(
        checked.owner,
        frame(rows.values()),
        path.name,
        trusted=trusted,
        aside=table.set_aside(list(rows)),
        remarks=remarks,
    )


def check_register_file(
    path: Path, la_code: int | None = None, mapping: ColumnMapping | None = None
) -> CheckedFile:
    """Return a register file with every problem in it, row by row.

    Raises
    ------
    RegisterError
        The file as a whole cannot be read, or is another authority's.
    """
    _check_file(path)
    table = read_council_table(path, REGISTER_FILE, la_code, mapping)
    _check_size(table, path.name)
    header = list(table.header)
    if not table.mapped:
        _check_header(header, path.name)
    if not table.body:
        raise RegisterError(
            f"'{path.name}' has a header but 0 data rows, which would mean no specialist places at all. Add "
            "one row for each setting, or use the template, which holds the rows in use now."
        )
    whose = whose_rows(path.name, REGISTER_FILE, table, la_code)
    problems: list[Problem] = list(whose.own.problems)
    broken = {int(p.row) for p in problems}
    remarks: list[Remark] = []
    rows: dict[int, dict[str, Any]] = {}
    for number, row_cells in whose.own.body:
        values, wrong = _parse(number, header, row_cells, remarks)
        wrong += row_problems(number, values)
        problems += wrong
        if not wrong and int(number) not in broken:
            rows[number] = values
    if whose.owner is not None:
        problems += _schools_elsewhere(path.name, rows, whose.owner, stated=whose.stated)
    problems += [*repeated_places(rows), *find_phased_steps(rows)]
    return CheckedFile(table, rows, tuple(problems), whose.owner, tuple(remarks))


def _schools_elsewhere(
    where: str, rows: Mapping[int, Mapping[str, Any]], owner: int, *, stated: bool
) -> list[Problem]:
    """Return a problem for each row that is said to be local and whose school is another authority's, by its URN.

    Raises
    ------
    RegisterError
        Most schools are another authority's, and no column says whose the file is.
    """
    schools = tables.read("specialist_establishments").set_index("urn")["la_code"]
    known = {
        number: int(schools[row["urn"]])
        for number, row in rows.items()
        if row["urn"] in schools.index and row["located"] == "local"
    }
    urns = {rows[number]["urn"]: code for number, code in known.items()}
    places = Counter(urns.values())
    if places:
        other, count = places.most_common(1)[0]
        if other != owner and count > MADE_HERE * len(urns) and not stated:
            raise RegisterError(
                _anothers(
                    where, owner, other, f"{count} of its {len(urns)} special schools known by URN are there"
                )
            )
    return [
        Problem(
            number, "urn",
            f"'{rows[number]['urn']}' is a school in {name_of(code)}, but the row says it is local to "
            f"{name_of(owner)}. Correct the URN, or write located 'elsewhere'.",
        )
        for number, code in known.items() if code != owner
    ]  # fmt: skip


def _anothers(where: str, owner: int, other: int, why: str) -> str:
    return (
        f"'{where}' looks like a register of {name_of(other)} ({why}), but it was given for {name_of(owner)}, so no places "
        "were read from it: they would be counted for the wrong children. Give the file of "
        f"{name_of(owner)}, or forecast {name_of(other)}."
    )


def _check_file(path: Path) -> None:
    if not path.exists():
        raise RegisterError(
            f"There is no file '{path}'. The capacity register says how many places exist, so no "
            "shortfall can be worked out without it. Check the spelling of the path, or start from the "
            "template."
        )
    if not path.is_file():
        raise RegisterError(
            f"'{path}' is not a file, so no register can be read from it. Give the path of one CSV or .xlsx file."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise RegisterError(
            f"'{path.name}' is not a .csv file or .xlsx workbook and other kinds are not read. In the spreadsheet "
            "choose Save as, CSV UTF-8 or Excel workbook (.xlsx), and give that file."
        )
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RegisterError(
                f"'{path.name}' is {size / 1e6:,.0f} MB; a register is at most {MAX_BYTES // 1_000_000} "
                "MB (usually a few kB). It was not opened. Check that this is the register, and delete "
                "sheets of other data from it."
            )
        with path.open("rb"):
            pass
    except OSError as error:
        raise RegisterError(
            f"'{path.name}' cannot be opened ({error.strerror}), so no places were read. Close it in "
            "other programs and check that you may read it."
        ) from None


def _check_header(names: Sequence[str], where: str) -> None:
    """Refuse a header of the template with missing, unknown or repeated columns."""
    absent = [c for c in COLUMNS if c not in names]
    missing = [c for c in absent if c in NEEDED]
    unknown = [c for c in names if c not in COLUMNS and c != AUTHORITY]
    repeated = sorted({c for c in names if names.count(c) > 1 and c not in unknown})
    parts = []
    if missing:
        parts.append(f"column(s) missing: {', '.join(missing)}")
    if unknown:
        described = []
        for name in unknown:
            near = process.extractOne(name[:60], absent, scorer=fuzz.ratio, score_cutoff=60)
            described.append(quoted(name) + (f" (did you mean '{near[0]}'?)" if near else ""))
        more = f" and {len(described) - SHOWN} more" if len(described) > SHOWN else ""
        parts.append(f"column(s) unknown: {', '.join(described[:SHOWN])}{more}")
    if repeated:
        parts.append(f"column(s) given twice: {', '.join(repeated)}")
    if parts:
        raise RegisterError(
            f"'{where}', row 1: {'; '.join(parts)}. Places cannot be told apart without the columns "
            f"{', '.join(NEEDED)}; a file may also have "
            f"{', '.join((*OPTIONAL, AUTHORITY))}. Rename, add or delete columns, or copy your rows into "
            "the template."
        )


def _check_size(table: CouncilTable, where: str) -> None:
    body = table.body
    if not table.header:
        raise RegisterError(
            f"'{where}' is empty, so there are no places to count. Start from the template and save it as "
            "CSV UTF-8 or .xlsx."
        )
    if len(body) > MAX_ROWS:
        raise RegisterError(
            f"'{where}' has {len(body):,} data rows; a register has at most {MAX_ROWS:,}, one for each "
            "setting and run of years. It was not read. Check that it lists settings, not children."
        )


def _parse(
    number: int, header: Sequence[str], cells: Sequence[str], remarks: list[Remark]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of one row and every problem in it."""
    values, problems = parse_cells(number, header, cells, _PARSERS, _BLANK, remarks)
    if values:
        values = dict.fromkeys(column for column in (*COLUMNS, *header) if column not in _BLANK) | values
    low, high = values.get("age_low", 0), values.get("age_high", 25)
    if low > high:
        problems.append(
            Problem(number, "age_high", f"{high} is below age_low {low}. Swap or correct the ages.")
        )
    opening = dict(zip(header, cells, strict=False)).get("from_academic_year", "")
    if _is_open(opening) and values.get("status") in ("agreed", "proposed"):
        text = f"is {quoted(values['status'])}, but the opening, {quoted(opening)}, says that it is open. Write which it is."
        problems.append(Problem(number, "status", text, fix=(("status", "open"),)))
    start, end = values.get("from_academic_year"), values.get("to_academic_year")
    if start and end and end < start:
        problems.append(
            Problem(
                number, "to_academic_year",
                f"'{end}' is before from_academic_year '{start}'. Correct one of them, or leave the end "
                "blank for until further notice.",
            )
        )  # fmt: skip
    return values, problems


def cells(register: Register) -> list[list[str]]:
    """Return a register as rows of text, header first, that `read_register` reads back unchanged.

    Where it is the register of an authority of today, a last column says so in every row.
    """
    owner = [str(register.la_code)] if register.la_code in {area.la_code for area in current()} else []
    others, beside = register.aside.beside((*COLUMNS, AUTHORITY), len(register.rows))
    rows = [[*COLUMNS, *([AUTHORITY] if owner else []), *others]]
    for row, more in zip(register.rows.itertuples(index=False), beside, strict=True):
        rows.append(["" if pd.isna(value) else guarded(_plain_number(value)) for value in row] + owner + more)
    return rows


def _plain_number(value: object) -> str:
    """Return a value as text, whole numbers without decimals."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def to_csv(register: Register) -> str:
    """Return a register as CSV text that `read_register` reads back unchanged."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(cells(register))
    return out.getvalue()


def write_register(register: Register, path: str | Path) -> None:
    """Write a register as a CSV file or an .xlsx workbook, whole or not at all.

    A CSV file begins with a byte order mark, so that spreadsheets show accents and dashes correctly. A workbook has a
    sheet of guidance and offers the codes as lists.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        raise OutputError(
            f"The capacity register cannot be written to '{path}': registers are .csv or .xlsx files. Give the file "
            "one of these endings."
        )
    if kind == ".xlsx":
        from data.registers.register_workbook import to_workbook

        content = to_workbook(cells(register), path.name)
    else:
        content = to_csv(register).encode("utf-8-sig")
    check = partial(_check_copy, register, path) if kind == ".xlsx" else None
    write_whole(path, content, "The capacity register", check)


def _check_copy(register: Register, path: Path, draft: Path) -> None:
    """Refuse a workbook that does not read back unchanged; some characters cannot be stored in workbooks."""
    again = read_register(draft, register.la_code)
    if not again.rows.equals(register.rows):
        raise OutputError(
            f"The capacity register cannot be written to '{path}': a workbook cannot hold some character in it, such as "
            "a line break of another system. Write it as .csv."
        )
