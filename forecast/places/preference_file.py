"""The preference order as a file to edit: where children without the place they want go, step by step.

A CSV table with one step a row, in order (`forecast.places.preference_order.PreferenceStep`): ``provision`` wanted,
``destination``, ``share`` of the children who reach the step (0 to 1), and, joined by ";" or blank for everyone, ``phases``,
``needs`` and ``communities``. Written and read again, an order is the same.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

from data.errors import OptionError
from forecast.core.atomic_files import write_one
from forecast.places.preference_order import PreferenceStep, Rules

COLUMNS: tuple[str, ...] = ("provision", "destination", "share", "phases", "needs", "communities")
LISTS: tuple[str, ...] = ("phases", "needs", "communities")


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
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise OptionError(
            f"The preference order '{path.name}' cannot be read ({error}), so it is unclear where children without a place go. "
            "Give a CSV file in UTF-8, such as 'sendplan capacity order' writes."
        ) from None
    missing = [c for c in COLUMNS if not rows or c not in rows[0]]
    if missing:
        raise OptionError(
            f"The preference order '{path.name}' has no column {', '.join(missing)} or no rows. Its columns are "
            f"{', '.join(COLUMNS)}. Start from the file that 'sendplan capacity order' writes."
        )
    steps = []
    for number, row in enumerate(rows, start=2):
        cells = {name: (row[name] or "").strip() for name in COLUMNS}
        try:
            share = float(cells["share"])
        except ValueError:
            raise OptionError(
                f"Row {number} of '{path.name}' has the share '{cells['share']}', which is not a number. Enter 0.25 for 25 %."
            ) from None
        lists = {n: tuple(x.strip() for x in cells[n].split(";") if x.strip()) for n in LISTS}
        try:
            steps.append(PreferenceStep(cells["provision"], cells["destination"], share, **lists))
        except OptionError as error:
            raise OptionError(f"Row {number} of '{path.name}': {error}") from None
    return Rules(tuple(steps))
