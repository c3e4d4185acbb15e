"""The preference order as a file to edit: where children without the place they want go, step by step.

A CSV table with one step a row, in order (`forecast.places.preference_order.PreferenceStep`): ``provision`` wanted,
``destination``, ``share`` of the children who reach the step (0 to 1), and, joined by ";" or blank for everyone, ``phases``,
``needs`` and ``communities``. Written and read again, an order is the same.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from data.council_files.problems import Problem, report
from data.council_files.spreadsheet import column_names, csv_rows, parse_cells
from data.errors import OptionError
from data.formatting import quoted
from forecast.core.atomic_files import write_one
from forecast.places.preference_order import PreferenceStep, Rules

COLUMNS: tuple[str, ...] = ("provision", "destination", "share", "phases", "needs", "communities")
LISTS: tuple[str, ...] = ("phases", "needs", "communities")

MAX_BYTES = 1_000_000
"""Largest preference order that is opened, in bytes (1 MB); it has a few dozen steps."""


def write_order(rules: Rules, path: Path) -> Path:
    """Write a preference order to a file, whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for step in rules.steps:
        writer.writerow(
            [
                step.provision,
                step.destination,
                f"{step.share:g}",
                *(";".join(getattr(step, n)) for n in LISTS),
            ]
        )

    def put(part: Path) -> None:
        part.write_text(text.getvalue(), encoding="utf-8")

    return write_one(path, put)


def read_order(path: Path) -> Rules:
    """Read a preference order from a file.

    Raises
    ------
    OptionError
        The file cannot be read, a column is missing, a cell is not understood, or children would be lost.
    """
    header, body = _table(path)
    problems: list[Problem] = []
    steps = []
    for number, row in body:
        values, wrong = parse_cells(number, header, row, dict.fromkeys(header, str), {})
        problems += wrong
        if wrong:
            continue
        cells = {name: values.get(name, "") for name in COLUMNS}
        try:
            share = float(cells["share"])
        except ValueError:
            raise OptionError(
                f"Row {number} of '{path.name}' has the share {quoted(cells['share'])}, which is not a number. Enter 0.25 "
                "for 25 %."
            ) from None
        lists = {n: tuple(x.strip() for x in cells[n].split(";") if x.strip()) for n in LISTS}
        try:
            steps.append(PreferenceStep(cells["provision"], cells["destination"], share, **lists))
        except OptionError as error:
            raise OptionError(f"Row {number} of '{path.name}': {error}") from None
    if problems:
        raise OptionError(report(path.name, problems, "no preference order was read from it", "CSV UTF-8"))
    return Rules(tuple(steps))


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the column names, and (spreadsheet row, trimmed cells) of every row below them that is not blank."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
    except OSError as error:
        raise OptionError(
            f"The preference order '{path.name}' cannot be read ({error.strerror}), so it is unclear where children without a "
            "place go. Give a CSV file in UTF-8, such as 'sendplan capacity order' writes."
        ) from None
    if raw is None:
        raise OptionError(
            f"The preference order '{path.name}' is larger than {MAX_BYTES // 1_000_000} MB, so it was not opened. Start from "
            "the file that 'sendplan capacity order' writes."
        )
    lines = [(n, [c.strip() for c in cells]) for n, cells in csv_rows(raw, path.name, "names", OptionError)]
    (_, first), *body = [(n, cells) for n, cells in lines if any(cells)] or [(1, [])]
    header = column_names(first)
    missing = [c for c in COLUMNS if c not in header]
    if missing or not body:
        raise OptionError(
            f"The preference order '{path.name}' has no column {', '.join(missing or COLUMNS)} or no rows. Its columns are "
            f"{', '.join(COLUMNS)}. Start from the file that 'sendplan capacity order' writes."
        )
    return header, body
