"""Ledgers of unit costs (``unit_costs.csv``): read and check the council's own prices, and write a template.

Invariant: a file is read whole or not at all, and every problem in it is reported at once, by spreadsheet row and column;
what is written reads back unchanged. A text cell never reaches a spreadsheet as a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from data.council_files.column_mapping import ColumnMapping
from data.council_files.council_table import CheckedFile, CouncilTable, read_council_table
from data.council_files.council_words import parse_needs, parse_word
from data.council_files.file_kinds import UNANSWERED, FileKind, ages_of_range, last_age_of_leavers
from data.council_files.formulas import guarded
from data.council_files.problems import SHOWN, Problem, report
from data.council_files.set_aside import NOTHING_ASIDE, SetAside
from data.council_files.spreadsheet import (
    AGE_BLANK,
    AUTHORITY,
    CellError,
    Remark,
    Understood,
    parse_authority,
    parse_cells,
    parse_code,
    plain,
    remarks_in_words,
    write_whole,
)
from data.council_files.whose_rows import whose_rows
from data.council_files.written_ages import parse_age_or_year_group
from data.council_files.written_amounts import amount, no_number, with_point
from data.council_files.written_dates import pair_of_years
from data.errors import OutputError, PriceError
from data.formatting import quoted
from data.prices.inflation import PriceGrowth, starting_year, year_name
from data.prices.price_book import (
    BASES,
    CONFIDENCES,
    FUNDS,
    ITEMS,
    KEY,
    S251_LINES,
    SPREAD,
    Price,
    PriceBook,
    as_prices,
    as_rows,
    find_wrong_shares,
    fund_fits,
    kinds_of,
    largest_price,
    lines_of,
    overlaps,
)
from data.vocabulary import ALL, NEED_GROUP_CODES, NEED_GROUPS, PROVISION_CODES, PROVISIONS

COLUMNS: tuple[str, ...] = (
    "item", "provision", "need_group", "age_low", "age_high", "kind", "price", "low", "high", "median", "share",
    "price_year", "inflator", "s251_line", "dsg_block", "basis", "confidence", "source", "note",
)  # fmt: skip
"""Columns of a ledger, in order."""

OPTIONAL: tuple[str, ...] = ("kind", "low", "high", "median", "share", "inflator", "note")
"""Columns a file may leave out, and whose cells may be blank."""

MAX_ROWS = 5_000
"""Rows in one ledger."""

SUFFIXES: tuple[str, ...] = (".csv", ".xlsx")
"""Kinds of file that are read; templates are CSV."""

ESTIMATED = "estimated"
"""Basis of a price that somebody wrote as about so much."""

MAX_BYTES = 20_000_000
"""Largest ledger file that is opened, in bytes (20 MB)."""

_NUMBER = re.compile(r"(\d{1,9}|\d{1,3}(,\d{3}){1,2})(\.\d{1,12})?", re.ASCII)
_PER_WEEK = re.compile(r"(?:\bper|\ba|/)\s*(?:week|day|month|term|hour|session)|\bp\.?w\.?\b", re.I)
_NEGATIVE = re.compile(r"[-\u2212].*|\(.*\)")


@dataclass(frozen=True, eq=False)
class Ledger:
    """The council's own prices, as read from a ledger.

    Parameters
    ----------
    la_code
        DfE number of the authority, where the file or the reader says it.
    rows
        As `data.prices.price_book.ROWS`, all of level ``council``: give them to `PriceBook.replaced`.
    origin
        Name of the file.
    remarks
        How cells in other words than the template's were read, and which rows were left out, for people.
    aside
        Columns of the council's own that have no meaning here.
    """

    la_code: int | None
    rows: pd.DataFrame
    origin: str
    remarks: tuple[str, ...] = ()
    aside: SetAside = NOTHING_ASIDE

    @property
    def prices(self) -> tuple[Price, ...]:
        """The prices, one for each row, in order."""
        return as_prices(self.rows)


def _choice(kind: str, allowed: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that reads a cell with a closed list of values, given codes and labels."""
    spellings = {plain(ALL): ALL} if ALL in allowed else {}
    spellings |= {plain(label): code for code, label in allowed.items()} | {plain(c): c for c in allowed}

    return lambda cell: parse_code(cell, spellings, kind, allowed)


def _number(cell: str) -> float | Understood:
    text = cell.replace("£", "").replace(" ", "")
    if _NEGATIVE.fullmatch(text):
        raise CellError(f"{quoted(cell)} is below 0. A price is 0 or more; income is not entered as a price.")
    if _NUMBER.fullmatch(text) is not None:
        return float(text.replace(",", ""))
    if _PER_WEEK.search(cell) is not None:
        raise CellError(
            f"{quoted(cell)} is a price for part of a year. Write pounds a year; how many weeks it is paid for is not in "
            f"the file."
        )
    written = amount(cell)
    if written is None or "%" in cell:
        raise CellError(
            f"{quoted(cell)} is not a number. Write pounds a year in figures, such as 12500 or 12,500.50, without words."
            + no_number(cell),
            with_point(cell),
        )
    also = (("basis", ESTIMATED),) if written.estimated else ()
    about = ", estimated" if written.estimated else ""
    return Understood(
        written.number, f"{quoted(cell)} was read as {written.number:,.10g} pounds{about}", also
    )


def _share(cell: str) -> float:
    text = cell.removesuffix("%").strip()
    read = _number(text)
    number = (read.value if isinstance(read, Understood) else read) / (100 if cell.endswith("%") else 1)
    if number > 1:
        raise CellError(f"{quoted(cell)} is more than 1. Write a share such as 0.95, or 95%.")
    return number


def _year(cell: str) -> str:
    begins = pair_of_years(cell)
    text = cell if begins is None else f"{begins}-{(begins + 1) % 100:02d}"
    if starting_year(text) is None:
        raise CellError(f"{quoted(cell)} is not a financial year. Write it like '2025-26'.")
    return text


def _need_group(cell: str) -> str | Understood:
    """Return the need group of a cell: its own name, or needs that are those of one group and no others."""
    try:
        return _GROUP(cell)
    except CellError as error:
        try:
            read = parse_needs(cell)
        except CellError:
            raise error from None
        codes = read.value if isinstance(read, Understood) else read
        needs = set() if codes == ALL else set(codes.split(";"))
        alike = [g.code for g in NEED_GROUPS if needs and set(g.needs) == needs]
        if codes == ALL or alike:
            group = ALL if codes == ALL else alike[0]
            return Understood(group, f"{quoted(cell)} was read as {group}")
        wider = [g.code for g in NEED_GROUPS if needs < set(g.needs)]
        if wider:
            raise CellError(
                f"{quoted(cell)} is part of the need group {wider[0]}. Write {wider[0]} if the price is that of the whole group.",
                {"": wider[0]},
            ) from None
        raise error from None


def _lines(cell: str) -> str:
    parts = lines_of(cell)
    for part in parts:
        if part not in S251_LINES:
            near = process.extractOne(part[:20], S251_LINES, scorer=fuzz.ratio, score_cutoff=60)
            hint = f"Did you mean '{near[0]}'?" if near else f"Write one of {', '.join(S251_LINES)}."
            raise CellError(
                f"{quoted(part)} is not a high needs line of the S251 return. {hint} Several are joined by ';'. Format the "
                "column as text, or a spreadsheet may turn 1.2.3 into a date."
            )
    return ";".join(dict.fromkeys(parts))


_GROUP = _choice("need group", {ALL: ALL, **{g.code: g.label for g in NEED_GROUPS}})

_PARSERS: dict[str, Callable[[str], object]] = {
    "item": _choice("item", {code: item.label for code, item in ITEMS.items()}),
    "provision": lambda cell: parse_word("provision", cell, "provision", (ALL, *PROVISIONS)),
    "need_group": _need_group,
    "age_low": parse_age_or_year_group,
    "age_high": parse_age_or_year_group,
    "kind": _choice("kind", {kind: kind for item in ITEMS for kind in kinds_of(item)}),
    "price": _number,
    "low": _number,
    "high": _number,
    "median": _number,
    "share": _share,
    "price_year": _year,
    "inflator": plain,
    "s251_line": _lines,
    "dsg_block": _choice("block of the grant", {fund: fund for fund in FUNDS}),
    "basis": lambda cell: parse_word("basis", cell, "basis", BASES),
    "confidence": lambda cell: parse_word("confidence", cell, "confidence", CONFIDENCES),
    "source": str,
    "note": str,
    AUTHORITY: parse_authority,
}

_BLANK: dict[str, str] = {
    "item": f"Write what is priced: {', '.join(ITEMS)}.",
    "provision": f"Write a provision such as {', '.join(PROVISION_CODES[3:6])}, or {ALL}.",
    "need_group": f"Write a need group such as {', '.join(NEED_GROUP_CODES[:3])}, or {ALL}.",
    **AGE_BLANK,
    "price": "A blank could mean free or not known. Write pounds a year, 0 if it costs nothing.",
    "price_year": "Prices of different years cannot be added. Write the financial year of the price, like '2025-26'.",
    "s251_line": "Write the line of the S251 return it is booked to, such as 1.2.3.",
    "dsg_block": f"Write {', '.join(FUNDS[:-1])} or {FUNDS[-1]}.",
    "basis": f"Write {', '.join(BASES[:-1])} or {BASES[-1]}: council for your own figures.",
    "confidence": f"Write {', '.join(CONFIDENCES[:-1])} or {CONFIDENCES[-1]}.",
    "source": "Say where the price comes from: a report, a contract list or 'placement ledger'.",
}
"""What to write in a cell that must not be blank."""


PRICE_FILE = FileKind(
    code="prices",
    name="a file of unit costs",
    columns=(*COLUMNS, AUTHORITY),
    parsers=_PARSERS,
    needed=tuple(c for c in COLUMNS if c not in OPTIONAL),
    values={
        "item": UNANSWERED,
        "provision": UNANSWERED,
        "need_group": UNANSWERED,
        "age_low": UNANSWERED,
        "age_high": UNANSWERED,
        "price_year": UNANSWERED,
        "basis": "council",
        "confidence": "medium",
        "source": "the file",
    },
    choices={
        "item": tuple(ITEMS),
        "provision": (ALL, *PROVISIONS),
        "need_group": (ALL, *NEED_GROUP_CODES),
        "age_low": ("an age at 31 August, such as 2",),
        "age_high": ("an age at 31 August, such as 25",),
        "price_year": ("a financial year like 2025-26",),
        "basis": BASES,
        "confidence": CONFIDENCES,
    },
    words={"provision": "provision", "need_group": "needs"},
    converters={"age_range": partial(ages_of_range, school_range=True), "leaving_age": last_age_of_leavers},
    gives={"age_range": ("age_low", "age_high"), "leaving_age": ("age_high",)},
    amount="price",
    title="item",
    refuse=PriceError,
    nothing="no prices were read",
    pounds=("price", "low", "high", "median"),
    check_command="sendplan unit-costs check {area} {file}",
    sheets=("Unit costs",),
)
"""Files of unit costs, for the reader of council files."""


def read_ledger(
    path: str | Path,
    inflation: PriceGrowth,
    la_code: int | None = None,
    *,
    mapping: ColumnMapping | None = None,
) -> Ledger:
    """Read and check a ledger of unit costs, CSV or .xlsx, in the template or with columns of the council's own.

    Rows are numbered as in the spreadsheet. A blank kind is all kinds, a blank share 1, a blank inflator
    the usual one of the item; blank low and high stand for `SPREAD` by confidence.

    Parameters
    ----------
    path
        The file.
    inflation
        Inflators that rows may name.
    la_code
        Whose ledger it should be; None to take what the file says, if it does.
    mapping
        What a person confirmed of a table that is not in the template; None to use the one remembered for the authority.

    Raises
    ------
    PriceError
        The file cannot be read, any cell cannot be used, or it is another authority's; nothing is read in part.
    """
    path = Path(path)
    checked = check_ledger(path, inflation, la_code, mapping)
    if checked.problems:
        raise PriceError(
            report(
                path.name,
                checked.problems,
                "no prices were read from it and those in use stay",
                "CSV UTF-8 or .xlsx",
            )
        )
    remarks = (*checked.table.notes, *remarks_in_words(checked.remarks))
    aside = checked.table.set_aside(list(checked.rows))
    return Ledger(checked.owner, as_rows(checked.rows.values()), path.name, remarks, aside)


def check_ledger(
    path: Path, inflation: PriceGrowth, la_code: int | None = None, mapping: ColumnMapping | None = None
) -> CheckedFile:
    """Return a ledger with every problem in it, row by row.

    Raises
    ------
    PriceError
        The file as a whole cannot be read.
    """
    _check_file(path)
    table = read_council_table(path, PRICE_FILE, la_code, mapping)
    _check_size(table, path.name)
    header = list(table.header)
    whose = whose_rows(path.name, PRICE_FILE, table, la_code)
    problems: list[Problem] = list(whose.own.problems)
    broken = {int(p.row) for p in problems}
    remarks: list[Remark] = []
    rows: dict[int, dict[str, Any]] = {}
    for number, cells in whose.own.body:
        values, wrong = parse_cells(number, header, cells, _PARSERS, _BLANK, remarks)
        values = dict.fromkeys(OPTIONAL) | values
        if table.mapped and not wrong:
            wrong = _book(number, values)
        if not wrong and int(number) not in broken:
            wrong = _row_problems(number, values, inflation)
        values.pop(AUTHORITY, None)
        problems += wrong
        if not wrong and int(number) not in broken:
            rows[number] = _with_defaults(values)
    problems += _between_rows(rows)
    return CheckedFile(table, rows, tuple(problems), whose.owner, tuple(remarks))


def _book(number: int, values: dict[str, Any]) -> list[Problem]:
    """Fill in the line and block that a council's own table does not say, where the item has one line only."""
    if not values.get("s251_line"):
        lines = ITEMS[values["item"]].lines
        if len(lines) != 1:
            text = f"is not in the table, and {values['item']} may be booked to any of {', '.join(lines)}. Write one."
            return [Problem(number, "s251_line", text)]
        values["s251_line"] = lines[0]
    if not values.get("dsg_block"):
        values["dsg_block"] = "general_fund" if values["s251_line"].startswith("2") else "high_needs"
    return []


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise PriceError(
            f"There is no file '{path}', so no prices were read from it. Check the spelling of the path, or start from the "
            "template."
        )
    if path.suffix.lower() not in SUFFIXES:
        raise PriceError(
            f"'{path.name}' is not a .csv file or .xlsx workbook and other kinds are not read. In the spreadsheet choose "
            f"Save as, "
            "CSV UTF-8, and give that file."
        )
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PriceError(
                f"'{path.name}' is {size / 1e6:,.0f} MB; a ledger is at most {MAX_BYTES // 1_000_000} MB. It was not opened. "
                "Check that it lists prices, not single payments."
            )
        with path.open("rb"):
            pass
    except OSError as error:
        raise PriceError(
            f"'{path.name}' cannot be opened ({error.strerror}), so no prices were read. Close it in other programs and "
            "check that you may read it."
        ) from None


def _check_size(table: CouncilTable, where: str) -> None:
    """Refuse a file without columns or rows, or with too many, and a header of the template with missing or repeated columns."""
    if not table.header:
        raise PriceError(f"'{where}' is empty, so there are no prices to use. Start from the template.")
    if not table.mapped:
        _check_header(table.header, where)
    if not table.body:
        raise PriceError(
            f"'{where}' has a header but 0 data rows, so it replaces no price. Add a row for each price you know."
        )
    if len(table.body) > MAX_ROWS:
        raise PriceError(
            f"'{where}' has {len(table.body):,} data rows; a ledger has at most {MAX_ROWS:,}. It was not read. Check that "
            f"it lists "
            "prices by provision and need, not single children."
        )


def _check_header(names: Sequence[str], where: str) -> None:
    parts = []
    if missing := [c for c in COLUMNS if c not in names and c not in OPTIONAL]:
        parts.append(f"column(s) missing: {', '.join(missing)}")
    if unknown := [c for c in names if c not in (*COLUMNS, AUTHORITY)]:
        parts.append(f"column(s) unknown: {', '.join(quoted(c) for c in unknown[:SHOWN])}")
    if repeated := sorted({c for c in names if names.count(c) > 1 and c not in unknown}):
        parts.append(f"column(s) given twice: {', '.join(repeated)}")
    if parts:
        raise PriceError(
            f"'{where}', row 1: {'; '.join(parts)}. Prices cannot be told apart without the columns "
            f"{', '.join(c for c in COLUMNS if c not in OPTIONAL)}; a file may also have {', '.join((*OPTIONAL, AUTHORITY))}. "
            "Rename, add or delete columns, or copy your rows into the template."
        )


def _row_problems(number: int, row: Mapping[str, Any], inflation: PriceGrowth) -> list[Problem]:
    """Return contradictions between the cells of one row, each of which is valid on its own."""
    problems: list[Problem] = []

    def wrong(column: str, text: str) -> None:
        problems.append(Problem(number, column, text))

    item, price, low, high = row["item"], row["price"], row["low"], row["high"]
    if row["age_low"] > row["age_high"]:
        wrong("age_high", f"{row['age_high']} is below age_low {row['age_low']}. Swap or correct the ages.")
    if price > largest_price(item):
        what = (
            "a share is at most 1"
            if largest_price(item) == 1
            else "look for an extra digit, or for a total instead of a price"
        )
        wrong("price", f"{price:,.10g} is more than {largest_price(item):,.0f}: {what}.")
    if (low is None) != (high is None):
        wrong("low" if low is None else "high", "is blank. An interval needs both low and high, or neither.")
    elif low is not None and not low <= price <= high:
        wrong(
            "low",
            f"{low:,.10g} to {high:,.10g} does not hold the price {price:,.10g}. Correct one of the three.",
        )
    elif low is not None and high > largest_price(item):
        wrong("high", f"{high:,.10g} is more than {largest_price(item):,.0f}. Look for an extra digit.")
    elif low is not None and (low == 0) != (high == 0):
        wrong(
            "low",
            "is 0, but the price may be above 0. Write the lowest price above 0, or 0 in price, low and high.",
        )
    if row["median"] is not None and not 0 < row["median"] <= price:
        wrong(
            "median",
            f"{row['median']:,.10g} is not above 0 and at most the mean {price:,.10g}. A few dear placements pull the mean up; "
            "leave it blank where they do not.",
        )
    if row["kind"] is not None and row["kind"] not in kinds_of(item):
        wrong("kind", f"'{row['kind']}' is not a kind of {item}. Write {', '.join(kinds_of(item))}.")
    if strange := [line for line in lines_of(row["s251_line"]) if line not in ITEMS[item].lines]:
        wrong(
            "s251_line",
            f"{item} is not booked to {', '.join(strange)}. Write one of {', '.join(ITEMS[item].lines)}.",
        )
    elif not fund_fits(row["s251_line"], row["dsg_block"]):
        wrong(
            "dsg_block",
            f"'{row['dsg_block']}' does not go with line {row['s251_line']}: lines 2 are the general fund's, lines 1 the "
            "grant's. Correct one of the two.",
        )
    inflator = (row["inflator"] or ITEMS[item].inflator).replace(" ", "_")
    if inflator not in inflation.codes:
        wrong(
            "inflator",
            f"{quoted(inflator)} is not an inflator we know. Write one of {', '.join(inflation.codes)}.",
        )
    elif int(row["price_year"][:4]) < (first := inflation.first_year(inflator)) - 1:
        wrong(
            "price_year",
            f"'{row['price_year']}' is too long ago: growth of '{inflator}' is known from {year_name(first)}. Give a price of "
            f"{year_name(first - 1)} or later.",
        )
    return problems


def _with_defaults(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid row as a row of the price book, its blanks filled with defaults."""
    item, price, spread = row["item"], row["price"], SPREAD[row["confidence"]]
    low, high = (
        (price * (1 - spread), min(largest_price(item), price * (1 + spread)))
        if row["low"] is None
        else (row["low"], row["high"])
    )
    return {
        **row,
        "kind": row["kind"] or ALL,
        "low": low,
        "high": high,
        "share": 1.0 if row["share"] is None else row["share"],
        "inflator": (row["inflator"] or ITEMS[item].inflator).replace(" ", "_"),
        "level": "council",
    }


def _between_rows(rows: Mapping[int, Mapping[str, Any]]) -> list[Problem]:
    """Return problems between rows: duplicates, overlaps, and kinds whose shares do not sum to 1."""
    numbers, prices = list(rows), as_prices(as_rows(rows.values()))
    problems = []
    clashes = overlaps(prices)
    for a, b in clashes:
        same = all(getattr(prices[a], c) == getattr(prices[b], c) for c in KEY)
        what = "repeats" if same else "has pupils in common with"
        problems.append(
            Problem(
                numbers[b], "item",
                f"{what} row {numbers[a]} ({prices[a].name}), so it is not clear which price holds. Delete one, or give them "
                "ages, need groups or kinds that do not overlap.",
            )
        )  # fmt: skip
    doubtful = {i for pair in clashes for i in pair}
    problems += [
        Problem(
            numbers[at], "share",
            f"the kinds of {prices[at].item}, {prices[at].provision}, {prices[at].need_group} have shares that sum to "
            f"{total:.4g} at some age, not 1, so their average is not known. Add the missing kinds or correct the shares.",
        )
        for at, total in find_wrong_shares(prices) if at not in doubtful
    ]  # fmt: skip
    return problems


def to_csv(rows: pd.DataFrame, la_code: int | None = None, aside: SetAside = NOTHING_ASIDE) -> str:
    """Return rows of a price book as the text of a ledger that `read_ledger` reads back unchanged, with what is kept aside."""
    owner = [] if la_code is None else [str(la_code)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    names, beside = aside.beside((*COLUMNS, AUTHORITY), len(rows))
    writer.writerow([*COLUMNS, *([AUTHORITY] if owner else []), *names])
    for price, more in zip(as_prices(rows), beside, strict=True):
        values = [getattr(price, column) for column in COLUMNS]
        writer.writerow([*["" if v is None else guarded(_text(v)) for v in values], *owner, *more])
    return out.getvalue()


def aside_of(own: Ledger, rows: pd.DataFrame) -> SetAside:
    """Return what a ledger keeps aside for rows of a price book: blank cells for prices that are not its own.

    Parameters
    ----------
    own
        The council's ledger.
    rows
        As `PriceBook.in_use`: a price of the ledger may be split by age.
    """
    kept = list(zip(own.prices, own.aside.cells, strict=False))
    if not kept:
        return NOTHING_ASIDE
    blank = ("",) * len(own.aside.names)
    cells = [
        next((cells for price, cells in kept if row.level == "council" and _is_part(row, price)), blank)
        for row in as_prices(rows)
    ]
    return SetAside(own.aside.names, tuple(cells))


def _is_part(row: Price, price: Price) -> bool:
    same = all(getattr(row, c) == getattr(price, c) for c in KEY if c not in ("age_low", "age_high"))
    return same and price.age_low <= row.age_low and row.age_high <= price.age_high


def _text(value: object) -> str:
    """Return a value as text: whole numbers without decimals, and no number as a power of ten."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value.is_integer() else f"{value:.12f}".rstrip("0")


def write_template(book: PriceBook, path: str | Path, la_code: int) -> None:
    """Write the prices in use as a ledger for correction, whole or not at all.

    The file begins with a byte order mark, so that spreadsheets show pound signs and dashes correctly.

    Raises
    ------
    OutputError
        The file cannot be written; a file already there is left as it was.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise OutputError(
            f"The ledger cannot be written to '{path}': ledgers are .csv files. Give the file this ending."
        )
    rows = book.in_use()
    _check_same_prices(book, rows, path)
    write_whole(path, to_csv(rows, la_code).encode("utf-8-sig"), "The ledger")


def _check_same_prices(book: PriceBook, rows: pd.DataFrame, path: Path) -> None:
    """Refuse to write a ledger that, without levels, would give some child another price than the book does."""
    try:
        flat = PriceBook(rows.assign(level="council"), book.inflation)
    except PriceError:
        flat = None
    if flat is None or any(_prices_in_force(flat, item) != _prices_in_force(book, item) for item in ITEMS):
        raise OutputError(
            f"The ledger cannot be written to '{path}': some prices of the council's hold for all needs and others of the "
            "authority's for all provisions, and one list cannot say which goes first. Correct the council's own file instead."
        )


def _prices_in_force(book: PriceBook, item: str) -> list[tuple[object, ...] | None]:
    """Return the price, price year and source in force for every combination of provision, need, age and kind."""
    prices = book.prices
    rows = book.rows_in_force(item).to_numpy().ravel()
    return [None if at < 0 else (prices[at].price, prices[at].price_year, prices[at].source) for at in rows]
