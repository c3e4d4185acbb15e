"""Capacity register files: read and check them, and write them so that they read back unchanged.

Invariant: a file (CSV or .xlsx) is read whole or not at all, and every problem in it is reported at once, by
spreadsheet row and column. A text cell never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from data import tables
from data.areas import by_code, current
from data.council_files.formulas import guarded, unguarded
from data.council_files.problems import SHOWN, Problem, report
from data.council_files.spreadsheet import (
    AGE_BLANK,
    AUTHORITY,
    CellError,
    column_names,
    csv_rows,
    name_of,
    parse_age,
    parse_authority,
    parse_cells,
    parse_code,
    plain,
    write_whole,
)
from data.errors import OutputError, RegisterError
from data.formatting import quoted
from data.provisions import spellings
from data.registers.register import (
    BASES,
    COLUMNS,
    CONFIDENCES,
    DETAILS,
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
    first_year,
    frame,
    repeated_places,
    row_problems,
)
from data.vocabulary import ALL, NEED_CODES, NEEDS, PROVISION_CODES, PROVISIONS, SPECIALIST_PROVISIONS

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

_WHOLE = re.compile(r"\d{1,9}|\d{1,3}(,\d{3}){1,2}", re.ASCII)
_URN = re.compile(r"\d{6}", re.ASCII)
_DECIMAL = re.compile(r"\d{1,9}(\.\d{1,15})?", re.ASCII)
_SPREADSHEET_DATES: dict[str, str] = {
    "%d/%m/%Y": "%Y-%m-%d",
    "%d-%b-%Y": "%Y-%m-%d",
    "%d %B %Y": "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S": "%Y-%m-%d",
    "%b-%y": "%Y-%m",
    "%b %Y": "%Y-%m",
    "%B %Y": "%Y-%m",
    "%m/%Y": "%Y-%m",
}
"""Ways a spreadsheet writes a date or a month, and the same in ISO."""


_PROVISION_SPELLINGS: dict[str, str] = {
    **{plain(code): code for code in PROVISION_CODES},
    **{plain(label): code for code, label in PROVISIONS.items()},
    **spellings(),
}
"""Spellings planners use for a provision, in plain lower case, to our code."""

_NEED_SPELLINGS: dict[str, str] = {
    **{plain(code): code for code in NEED_CODES},
    **{plain(label): code for code, label in NEEDS.items()},
    "autism": "ASD",
    "autism spectrum disorder": "ASD",
    "all": ALL,
    "all needs": ALL,
}
"""Spellings planners use for a need, in plain lower case, to our code."""


def _choice(kind: str, allowed: Sequence[str]) -> Callable[[str], str]:
    spellings = {plain(a): a for a in allowed}
    return lambda cell: parse_code(cell, spellings, kind, allowed)


def _provision(cell: str) -> str:
    return parse_code(cell, _PROVISION_SPELLINGS, "provision", PROVISION_CODES)


def _needs(cell: str) -> str:
    codes = {
        parse_code(part, _NEED_SPELLINGS, "need", (ALL, *NEED_CODES))
        for part in cell.split(";")
        if part.strip()
    }
    if not codes:
        raise CellError(f"{quoted(cell)} names no need. Write need codes joined by ';', or {ALL}.")
    if ALL in codes and len(codes) > 1:
        raise CellError(
            f"{quoted(cell)} mixes {ALL} with single needs. Write either {ALL} or the codes alone."
        )
    return ALL if ALL in codes else ";".join(code for code in NEED_CODES if code in codes)


def _urn(cell: str) -> int:
    if _URN.fullmatch(cell) is None or cell.startswith("0"):
        raise CellError(f"{quoted(cell)} is not a school's six-digit URN. Correct it or leave it blank.")
    return int(cell)


def _count(what: str) -> Callable[[str], int]:
    def read(cell: str) -> int:
        if _WHOLE.fullmatch(cell) is None:
            raise CellError(
                f"{quoted(cell)} is not a whole number of {what}. Write 0 or more, without decimals or words."
            )
        number = int(cell.replace(",", ""))
        if number > MAX_PLACES:
            raise CellError(
                f"{number:,} is more than {MAX_PLACES:,} {what} in one setting. Look for an extra digit."
            )
        return number

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
    if re.fullmatch(r"20\d\d", cell, re.ASCII) is None or not low <= int(cell) <= high:
        raise CellError(f"{quoted(cell)} is not a January. Write the year of the census, like '2025'.")
    return int(cell)


def _date(cell: str) -> str:
    """Return a date in ISO form at the precision given; spreadsheets' own date formats are recognised."""
    if earliest_day(cell) is not None:
        return cell
    for pattern, iso in _SPREADSHEET_DATES.items():
        try:
            date = datetime.strptime(cell, pattern).strftime(iso)
        except ValueError:
            continue
        if earliest_day(date) is not None:
            return date
    raise CellError(f"{quoted(cell)} is not a date. Write it like '2024-11-05', '2024-11' or '2024'.")


def _year(cell: str) -> str:
    if first_year(cell) is None:
        start = re.match(r"20\d\d", cell, re.ASCII)
        example = academic_year(int(start[0]) + 1) if start else "2024/25"
        raise CellError(f"{quoted(cell)} is not an academic year. Write it like '{example}'.")
    return cell


_PARSERS: dict[str, Callable[[str], object]] = {
    "setting": str,
    "urn": _urn,
    "provision": _provision,
    "needs": _needs,
    "age_low": parse_age,
    "age_high": parse_age,
    "from_academic_year": _year,
    "to_academic_year": _year,
    "places": _count("places"),
    "max_occupancy": _per_cent,
    "taken_by_others": _count("places"),
    "roll": _count("pupils"),
    "roll_january": _january,
    "funded_places": _count("places"),
    "located": _choice("location", LOCATIONS),
    "status": _choice("status", STATUSES),
    "agreed_on": _date,
    "phasing": _choice("phasing", PHASINGS),
    "chance_delivered": _per_cent,
    "chance_on_time": _per_cent,
    "typical_delay_years": _delay,
    "community": str,
    "basis": _choice("basis", BASES),
    "confidence": _choice("confidence", CONFIDENCES),
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


def read_register(path: str | Path, la_code: int | None = None, *, trusted: bool = False) -> Register:
    """Read and check a register file: CSV (UTF-8, with or without a byte order mark) or .xlsx.

    Rows are numbered as in the spreadsheet: the header is row 1. Spellings of codes are put right; every
    problem of the file is reported at once. Columns of `DETAILS` may be missing, as in older files.

    Parameters
    ----------
    path
        The file; of a workbook, its sheet "Register" or else the first.
    la_code
        Whose register it should be; None to take what the file says, if it does.
    trusted
        As in `data.registers.register.Register`: for files that we ship. Cells are read, and refused, as those of any file.

    Raises
    ------
    RegisterError
        The file cannot be read, any cell cannot be used, or it is another authority's; nothing is read in part.
    """
    path = Path(path)
    lines = _lines(path)
    header, body = _header(lines, path.name)
    problems: list[Problem] = []
    rows: dict[int, dict[str, Any]] = {}
    for number, cells in body:
        values, wrong = _parse(number, header, cells)
        wrong += row_problems(number, values)
        problems += wrong
        if not wrong:
            rows[number] = values
    owner, wrong = _owner(path.name, rows, la_code)
    problems += [*wrong, *repeated_places(rows), *find_phased_steps(rows)]
    if problems:
        raise RegisterError(report(path.name, problems))
    return Register(owner, frame(rows.values()), path.name, trusted=trusted)


def _owner(
    where: str, rows: Mapping[int, Mapping[str, Any]], la_code: int | None
) -> tuple[int | None, list[Problem]]:
    """Return the authority that a register file belongs to, and a problem for each row that contradicts it.

    Raises
    ------
    RegisterError
        The file as a whole is another authority's, by its column ``la_code`` or by where its schools are.
    """
    stated = Counter(row[AUTHORITY] for row in rows.values() if row.get(AUTHORITY) is not None)
    owner = la_code if la_code is not None or not stated else stated.most_common(1)[0][0]
    if owner is None:
        return None, []
    if stated and owner not in stated:
        raise RegisterError(
            _anothers(where, owner, stated.most_common(1)[0][0], f"its column '{AUTHORITY}' says so")
        )
    problems = [
        Problem(
            number, AUTHORITY,
            f"'{row[AUTHORITY]}' is {by_code(row[AUTHORITY]).name}, but the register is {name_of(owner)}'s. "
            "Correct the number, or take the row out.",
        )
        for number, row in rows.items() if row.get(AUTHORITY) not in (None, owner)
    ]  # fmt: skip
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
    problems += [
        Problem(
            number, "urn",
            f"'{rows[number]['urn']}' is a school in {name_of(code)}, but the row says it is local to "
            f"{name_of(owner)}. Correct the URN, or write located 'elsewhere'.",
        )
        for number, code in known.items() if code != owner
    ]  # fmt: skip
    return owner, problems


def _anothers(where: str, owner: int, other: int, why: str) -> str:
    return (
        f"'{where}' looks like the register of {name_of(other)} ({why}), but it was given for {name_of(owner)}, so no places "
        "were read from it: they would be counted for the wrong children. Give the file of "
        f"{name_of(owner)}, or forecast {name_of(other)}."
    )


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return (spreadsheet row, trimmed cells) of every row of a file that is not blank."""
    _check_file(path)
    if path.suffix.lower() == ".xlsx":
        # Imported when needed: it is slow to load and most registers are CSV.
        from data.registers.register_workbook import read_cells

        rows: Iterable[tuple[int, Sequence[str]]] = read_cells(path)
    else:
        rows = csv_rows(path.read_bytes(), path.name, "names", RegisterError)
    lines = []
    for number, cells in rows:
        trimmed = [unguarded(c.strip()).strip() for c in cells]
        if any(trimmed):
            lines.append((number, trimmed))
    if not lines:
        raise RegisterError(
            f"'{path.name}' is empty, so there are no places to count. Start from the template and save it as "
            "CSV UTF-8 or .xlsx."
        )
    return lines


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


def _header(lines: list[tuple[int, list[str]]], where: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the column names and the data rows; refuse a header with missing or unknown columns."""
    (_, first), body = lines[0], lines[1:]
    names = column_names(first)
    absent = [c for c in COLUMNS if c not in names]
    missing = [c for c in absent if c not in DETAILS]
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
            f"{', '.join(c for c in COLUMNS if c not in DETAILS)}; a file may also have "
            f"{', '.join((*DETAILS, AUTHORITY))}, and no others. Rename, add or delete columns, or copy your rows into "
            "the template."
        )
    if not body:
        raise RegisterError(
            f"'{where}' has a header but 0 data rows, which would mean no specialist places at all. Add "
            "one row for each setting, or use the template, which holds the rows in use now."
        )
    if len(body) > MAX_ROWS:
        raise RegisterError(
            f"'{where}' has {len(body):,} data rows; a register has at most {MAX_ROWS:,}, one for each "
            "setting and run of years. It was not read. Check that it lists settings, not children."
        )
    return names, body


def _parse(number: int, header: Sequence[str], cells: Sequence[str]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of one row and every problem in it."""
    values, problems = parse_cells(number, header, cells, _PARSERS, _BLANK)
    if values:
        values = dict.fromkeys(column for column in header if column not in _BLANK) | values
    low, high = values.get("age_low", 0), values.get("age_high", 25)
    if low > high:
        problems.append(
            Problem(number, "age_high", f"{high} is below age_low {low}. Swap or correct the ages.")
        )
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
    rows = [[*COLUMNS, *([AUTHORITY] if owner else [])]]
    for row in register.rows.itertuples(index=False):
        rows.append(["" if pd.isna(value) else guarded(_plain_number(value)) for value in row] + owner)
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
