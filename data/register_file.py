"""Capacity register files: read what planners write, refuse what cannot be used, write what reads back unchanged.

Invariant: a file is read whole or not at all, and every problem in it is reported at once, by spreadsheet row
and column. A text cell never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from data.errors import OutputError, RegisterError
from data.formulas import guarded, unguarded
from data.register import (
    BASES,
    COLUMNS,
    CONFIDENCES,
    LOCATIONS,
    MAX_PLACES,
    SHOWN,
    STATUSES,
    Problem,
    Register,
    academic_year,
    first_year,
    frame,
    repeated_places,
    report,
    shown,
)
from data.vocabulary import ALL, NEED_CODES, NEEDS, PROVISION_CODES, PROVISIONS, SPECIALIST_PROVISIONS

OPTIONAL: tuple[str, ...] = ("urn", "to_academic_year", "note")
"""Columns whose cells may be blank."""

MAX_ROWS = 5_000
"""Rows in one register; the largest authority needs a few hundred."""

MAX_BYTES = 20_000_000
"""Largest register file that is opened, in bytes (20 MB)."""

_WHOLE = re.compile(r"\d{1,9}|\d{1,3}(,\d{3}){1,2}", re.ASCII)
_URN = re.compile(r"\d{6}", re.ASCII)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[_\-]", " ", text).split()).lower()


_PROVISION_SPELLINGS: dict[str, str] = {
    **{_plain(code): code for code in PROVISION_CODES},
    **{_plain(label): code for code, label in PROVISIONS.items()},
    "special school": "state_special",
    "state special school": "state_special",
    "maintained special": "state_special",
    "maintained special school": "state_special",
    "special academy": "state_special",
    "special free school": "state_special",
    "resourced provision": "specialist_base",
    "additionally resourced provision": "specialist_base",
    "arp": "specialist_base",
    "rp": "specialist_base",
    "sen unit": "specialist_base",
    "unit": "specialist_base",
    "base": "specialist_base",
    "spi": "specialist_post16",
    "specialist post 16": "specialist_post16",
    "specialist college": "specialist_post16",
    "independent special": "inmss",
    "independent special school": "inmss",
    "non maintained special": "inmss",
    "non maintained special school": "inmss",
    "nmss": "inmss",
    "pru": "ap",
    "pupil referral unit": "ap",
}
"""Spellings planners use for a provision, in plain lower case, to our code."""

_NEED_SPELLINGS: dict[str, str] = {
    **{_plain(code): code for code in NEED_CODES},
    **{_plain(label): code for code, label in NEEDS.items()},
    "autism": "ASD",
    "autism spectrum disorder": "ASD",
    "all": ALL,
    "all needs": ALL,
}
"""Spellings planners use for a need, in plain lower case, to our code."""


class _CellError(ValueError):
    """A cell cannot be used; the message says why and what to write instead."""


def _closed(cell: str, spellings: Mapping[str, str], kind: str, allowed: Iterable[str]) -> str:
    """Return the code that a spelling stands for, or say which one may have been meant."""
    word = _plain(cell)
    if word in spellings:
        return spellings[word]
    near = process.extractOne(word[:60], list(spellings), scorer=fuzz.ratio, score_cutoff=60)
    hint = f"Did you mean '{spellings[near[0]]}'?" if near else f"Write one of {', '.join(allowed)}."
    raise _CellError(f"{shown(cell)} is not a {kind} we know. {hint}")


def _choice(kind: str, allowed: Sequence[str]) -> Callable[[str], str]:
    spellings = {a: a for a in allowed}
    return lambda cell: _closed(cell, spellings, kind, allowed)


def _provision(cell: str) -> str:
    return _closed(cell, _PROVISION_SPELLINGS, "provision", PROVISION_CODES)


def _needs(cell: str) -> str:
    found = {
        _closed(part, _NEED_SPELLINGS, "need", (ALL, *NEED_CODES)) for part in cell.split(";") if part.strip()
    }
    if not found:
        raise _CellError(f"{shown(cell)} names no need. Write need codes joined by ';', or {ALL}.")
    if ALL in found and len(found) > 1:
        raise _CellError(
            f"{shown(cell)} mixes {ALL} with single needs. Write either {ALL} or the codes alone."
        )
    return ALL if ALL in found else ";".join(code for code in NEED_CODES if code in found)


def _urn(cell: str) -> int:
    if _URN.fullmatch(cell) is None or cell.startswith("0"):
        raise _CellError(f"{shown(cell)} is not a school's six-digit URN. Correct it or leave it blank.")
    return int(cell)


def _age(cell: str) -> int:
    if _WHOLE.fullmatch(cell) is None or int(cell.replace(",", "")) > 25:
        raise _CellError(
            f"{shown(cell)} is not an age. Write a whole number from 0 to 25 (age at 31 August)."
        )
    return int(cell)


def _places(cell: str) -> int:
    if _WHOLE.fullmatch(cell) is None:
        raise _CellError(
            f"{shown(cell)} is not a whole number of places. Write 0 or more, without decimals or words."
        )
    places = int(cell.replace(",", ""))
    if places > MAX_PLACES:
        raise _CellError(
            f"{places:,} is more than {MAX_PLACES:,} places in one setting. Look for an extra digit."
        )
    return places


def _year(cell: str) -> str:
    if first_year(cell) is None:
        start = re.match(r"20\d\d", cell, re.ASCII)
        example = academic_year(int(start[0]) + 1) if start else "2024/25"
        raise _CellError(f"{shown(cell)} is not an academic year. Write it like '{example}'.")
    return cell


_PARSERS: dict[str, Callable[[str], object]] = {
    "setting": str,
    "urn": _urn,
    "provision": _provision,
    "needs": _needs,
    "age_low": _age,
    "age_high": _age,
    "from_academic_year": _year,
    "to_academic_year": _year,
    "places": _places,
    "located": _choice("location", LOCATIONS),
    "status": _choice("status", STATUSES),
    "basis": _choice("basis", BASES),
    "confidence": _choice("confidence", CONFIDENCES),
    "source": str,
    "note": str,
}

_BLANK: dict[str, str] = {
    "setting": "Name the school or unit.",
    "provision": f"Write a provision code such as {', '.join(SPECIALIST_PROVISIONS)}.",
    "needs": f"Write need codes joined by ';', or {ALL}.",
    "age_low": "Write the youngest age at 31 August, 0 to 25.",
    "age_high": "Write the oldest age at 31 August, 0 to 25.",
    "from_academic_year": "Write the first academic year, like '2024/25'.",
    "places": "A blank could mean none or not known. Write a whole number, 0 if there are none.",
    "located": f"Write {' or '.join(LOCATIONS)}.",
    "status": f"Write {', '.join(STATUSES[:-1])} or {STATUSES[-1]}.",
    "basis": f"Write {', '.join(BASES[:-1])} or {BASES[-1]}.",
    "confidence": f"Write {', '.join(CONFIDENCES[:-1])} or {CONFIDENCES[-1]}.",
    "source": "Say where the number comes from: an address, a document or 'council records'.",
}
"""What to write in a cell that must not be blank."""


def read_register(path: str | Path, la_code: int | None = None) -> Register:
    """Read and check a register file (CSV, UTF-8 with or without a byte order mark).

    Rows are numbered as in the spreadsheet: the header is row 1. Spellings of codes are put right; every
    problem of the file is reported at once.

    Raises
    ------
    RegisterError
        The file cannot be read or any cell cannot be used; nothing is read in part.
    """
    path = Path(path)
    lines = _lines(_decoded(path), path.name)
    header, body = _header(lines, path.name)
    problems: list[Problem] = []
    rows: dict[int, dict[str, Any]] = {}
    for number, cells in body:
        values, wrong = _parse(number, header, cells)
        problems += wrong
        if not wrong:
            rows[number] = values
    problems += repeated_places(rows)
    if problems:
        raise RegisterError(report(path.name, problems))
    return Register(la_code, frame(rows.values()), path.name)


def _decoded(path: Path) -> str:
    if not path.exists():
        raise RegisterError(
            f"There is no file '{path}'. The capacity register says how many places exist, so no "
            "shortfall can be worked out without it. Check the spelling of the path, or start from the "
            "template."
        )
    if not path.is_file():
        raise RegisterError(
            f"'{path}' is not a file, so no register can be read from it. Give the path of one CSV file."
        )
    if path.suffix.lower() != ".csv":
        raise RegisterError(
            f"'{path.name}' is not a .csv file and other kinds are not read. In the spreadsheet choose "
            "Save as, CSV UTF-8, and give that file."
        )
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise RegisterError(
                f"'{path.name}' is {size / 1e6:,.0f} MB; a register is at most {MAX_BYTES // 1_000_000} "
                "MB (usually a few kB). It was not opened. Check that this is the register, and delete "
                "sheets of other data from it."
            )
        raw = path.read_bytes()
    except OSError as error:
        raise RegisterError(
            f"'{path.name}' cannot be opened ({error.strerror}), so no places were read. Close it in "
            "other programs and check that you may read it."
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        raise RegisterError(
            f"'{path.name}' is not UTF-8 text (line {row}, byte {error.start}), so names in it would be "
            "garbled and it was not read. In the spreadsheet choose Save as, CSV UTF-8, and try again."
        ) from None


def _lines(text: str, where: str) -> list[tuple[int, list[str]]]:
    """Return (spreadsheet row, trimmed cells) of every row that is not blank."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = []
    try:
        for number, cells in enumerate(reader, start=1):
            trimmed = [unguarded(c.strip()).strip() for c in cells]
            if any(trimmed):
                lines.append((number, trimmed))
    except csv.Error as error:
        raise RegisterError(
            f"'{where}' is not a CSV table at line {reader.line_num} ({error}), so cells could not be "
            "told apart and nothing was read. Look there for a double quote that is never closed, or "
            "save the sheet again as CSV UTF-8."
        ) from None
    if not lines:
        raise RegisterError(
            f"'{where}' is empty, so there are no places to count. Start from the template and save it as "
            "CSV UTF-8."
        )
    return lines


def _header(lines: list[tuple[int, list[str]]], where: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the column names and the data rows, or say which columns are missing or unknown."""
    (_, first), body = lines[0], lines[1:]
    names = [name.lower() for name in first]
    while names and not names[-1]:
        names.pop()  # spreadsheets pad the header with empty cells
    missing = [c for c in COLUMNS if c not in names]
    unknown = [c for c in names if c not in COLUMNS]
    repeated = sorted({c for c in names if names.count(c) > 1 and c in COLUMNS})
    parts = []
    if missing:
        parts.append(f"column(s) missing: {', '.join(missing)}")
    if unknown:
        described = []
        for name in unknown:
            near = process.extractOne(name[:60], missing, scorer=fuzz.ratio, score_cutoff=60)
            described.append(shown(name) + (f" (did you mean '{near[0]}'?)" if near else ""))
        more = f" and {len(described) - SHOWN} more" if len(described) > SHOWN else ""
        parts.append(f"column(s) unknown: {', '.join(described[:SHOWN])}{more}")
    if repeated:
        parts.append(f"column(s) given twice: {', '.join(repeated)}")
    if parts:
        raise RegisterError(
            f"'{where}', row 1: {'; '.join(parts)}. Places cannot be told apart without exactly the columns "
            f"{', '.join(COLUMNS)}. Rename, add or delete columns, or copy your rows into the template."
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
    padded = [*cells, *[""] * (len(header) - len(cells))]
    problems = []
    if any(padded[len(header) :]):
        problems.append(
            Problem(
                number, header[-1],
                f"there are {len(cells)} cells for {len(header)} columns. Put text that holds a comma "
                "between double quotes, or clear the cells to the right.",
            )
        )  # fmt: skip
        return {}, problems
    values: dict[str, Any] = {}
    for column, cell in zip(header, padded, strict=False):
        if cell:
            try:
                values[column] = _PARSERS[column](cell)
            except _CellError as error:
                problems.append(Problem(number, column, str(error)))
        elif column in OPTIONAL:
            values[column] = None
        else:
            problems.append(Problem(number, column, f"is blank. {_BLANK[column]}"))
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


def to_csv(register: Register) -> str:
    """Return a register as CSV text that `read_register` reads back unchanged."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in register.rows.itertuples(index=False):
        writer.writerow(["" if pd.isna(value) else guarded(str(value)) for value in row])
    return out.getvalue()


def write_register(register: Register, path: str | Path) -> None:
    """Write a register as a CSV file, whole or not at all.

    The file begins with a byte order mark, so that spreadsheets show accents and dashes correctly.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """
    path = Path(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            draft.write_bytes(to_csv(register).encode("utf-8-sig"))
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"The capacity register cannot be written to '{path}' ({error.strerror}); nothing there was "
            "changed. Choose a folder that exists and that you may write to, and close the file in other "
            "programs."
        ) from None
