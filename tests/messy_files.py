"""Tables of places as councils make them, with what they mean: titles, heads, words, units, encodings and totals by chance.

Headings and words are written here by hand, not taken from the tables that the reader uses.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook

SETTINGS = [
    "Ash Grove School", "Fierté Academy", "St Mary\u2019s CE Primary School", "Oak Lodge \u2013 North",
    "The Willows", "Birch Hill School",
    "Ysgol Bryn", "Elm Park Primary", "King's Meadow", "Hazel Court", "Rowan Tree", "Larch House School",
]  # fmt: skip
PROVISION_WORDS = {
    "specialist_base": ["SEND Unit", "Resourced Provision", "ARP", "SRP", "Enhanced Resource Provision", "specialist base",
                        "SEN unit"],
    "state_special": ["Special School", "Community special school", "Academy special converter", "special academy",
                      "Free schools special"],
    "inmss": ["Independent special school", "Non-maintained special school", "INMSS", "Other independent special school"],
    "specialist_post16": ["Specialist post-16 institution", "SPI", "Special post 16 institution"],
}  # fmt: skip
NEED_WORDS = {
    "ASD": ["ASD", "Autism", "ASC", "Autistic Spectrum Disorder"],
    "SEMH": ["SEMH", "Social, Emotional and Mental Health", "BESD"],
    "ASD;SLCN": ["ASD/SLCN", "Communication and Interaction", "C&I", "Autism and SLCN"],
    "SLD;PMLD": ["SLD/PMLD", "PMLD & SLD", "Severe learning difficulties; PMLD"],
    "MLD": ["MLD", "Moderate Learning Difficulties"],
    "HI": ["HI", "Hearing impairment", "Deaf"],
    "All": ["All", "Generic", "Mixed"],
}
STATUS_WORDS = {
    "open": ["Open", "Existing", "Current", "Operational"],
    "agreed": ["Agreed", "Approved", "Cabinet approved", "Under construction"],
    "proposed": ["Proposed", "Subject to consultation", "Feasibility"],
}
HEADINGS = {
    "setting": ["School", "School name", "Name of school", "Setting", "Establishment", "Provider"],
    "provision": ["Type", "Type of provision", "Provision type", "School type"],
    "needs": ["Need", "SEND need type", "Primary need", "Designation", "Area of need"],
    "places": ["Places", "Number of places", "Commissioned places", "Capacity", "No. of places"],
    "from_academic_year": ["Opening", "Start date", "From", "Opening date", "Academic year"],
    "status": ["Status", "Stage", "Current status"],
    "located": ["In or out of borough", "Location"],
    "note": ["Comments", "Notes"],
}
AGES = [(4, 10), (11, 15), (4, 15), (11, 17), (4, 17), (5, 10), (16, 18)]
TEMPLATE = (
    "setting", "provision", "needs", "age_low", "age_high", "from_academic_year", "places", "located", "status", "basis",
    "confidence", "source",
)  # fmt: skip


@dataclass(frozen=True)
class MessyFile:
    """One file, the rows that it means, and the meaning of each of its columns."""

    path: Path
    truth: list[dict[str, Any]]
    columns: dict[str, str]
    answers: dict[str, str]


def year_group(age: int) -> str:
    return "R" if age == 4 else f"Y{age - 4}"


def made(seed: int, folder: Path) -> MessyFile:
    """Return a file made with a seed."""
    chance = random.Random(seed)
    rows = truth_rows(chance)
    template = chance.random() < 0.2
    columns, header, cells = table_of(chance, rows, template)
    lines: list[list[str]] = []
    if chance.random() < 0.7:
        lines += [["SEND sufficiency: specialist places"], []][: chance.randint(1, 2)]
        if chance.random() < 0.5:
            lines += [["Updated for Schools Forum, 12 March 2026", "", ""]]
    lines += header
    block = [*cells]
    if chance.random() < 0.5:
        block.insert(chance.randint(1, len(block)), [""] * len(header[-1]))
    if not template and chance.random() < 0.4:
        block.insert(0, ["Primary phase"])
    lines += block
    if chance.random() < 0.6:
        total = sum(row["places"] for row in rows)
        at = list(columns.values()).index("places") if "places" in columns.values() else len(columns) - 1
        last = [""] * len(columns)
        last[0], last[at] = chance.choice(["Total", "TOTAL", "Grand total", "Totals"]), str(total)
        lines.append(last)
    if not template and chance.random() < 0.5:
        lines += [[], ["Note: places are as commissioned for the academic year."]]
    path = written(chance, lines, folder / f"messy-{seed}")
    answers = {"located": "local", "status": "open", "basis": "council", "confidence": "medium"}
    return MessyFile(path, rows, columns, answers)


def truth_rows(chance: random.Random) -> list[dict[str, Any]]:
    names = chance.sample(SETTINGS, chance.randint(3, 9))
    rows = []
    for name in names:
        low, high = chance.choice(AGES)
        rows.append(
            {
                "setting": name, "provision": chance.choice(list(PROVISION_WORDS)), "needs": chance.choice(list(NEED_WORDS)),
                "age_low": low, "age_high": high, "from_academic_year": chance.choice(["2022/23", "2024/25", "2026/27"]),
                "places": chance.choice([8, 12, 20, 45, 110, 1200]), "located": "local",
                "status": chance.choice(list(STATUS_WORDS)), "basis": "council",
            }
        )  # fmt: skip
    return rows


def table_of(
    chance: random.Random, rows: list[dict[str, Any]], template: bool
) -> tuple[dict[str, str], list[list[str]], list[list[str]]]:
    """Return headings with their meaning, the rows of the header, and the rows of cells."""
    if template:
        header = [c.replace("_", " ") if chance.random() < 0.2 else c for c in TEMPLATE]
        for row in rows:
            row["confidence"] = "medium"
        cells = [
            [
                written_cell(chance, column, {**row, "confidence": "medium", "source": "list"}, "two")
                for column in TEMPLATE
            ]
            for row in rows
        ]
        return dict(zip(header, TEMPLATE, strict=True)), [header], cells
    with_status = chance.random() < 0.75
    if not with_status:
        for row in rows:
            row["status"] = "open"
    style = chance.choice(["years", "school", "two", "two rows"])
    kinds = [
        "setting",
        "provision",
        "needs",
        "ages",
        "from_academic_year",
        "places",
        *(["status"] if with_status else []),
    ]
    rest = kinds[1:]
    chance.shuffle(rest)
    kinds = ["setting", *rest]
    if chance.random() < 0.5:
        kinds.append("note")
    if chance.random() < 0.5:
        kinds.insert(chance.randint(1, len(kinds)), "extra")
    columns: dict[str, str] = {}
    top: list[str] = []
    bottom: list[str] = []
    cells = [[] for _ in rows]
    for kind in kinds:
        if kind == "extra":
            name = chance.choice(["Ward", "Headteacher", "Diocese", "Lead officer"])
            columns[name] = "aside"
            top.append(name), bottom.append("")
            for line in cells:
                line.append(chance.choice(["North", "A. Smith", "Central"]))
        elif kind != "ages":
            name = chance.choice(HEADINGS[kind])
            columns[name] = kind
            top.append(name), bottom.append("")
            for line, row in zip(cells, rows, strict=True):
                line.append(written_cell(chance, kind, row, style))
        elif style in ("two", "two rows"):
            names = ("Year group from", "Year group to") if style == "two" else ("Ages", "")
            columns["Year group from" if style == "two" else "Ages Youngest"] = "age_low"
            columns["Year group to" if style == "two" else "Ages Oldest"] = (
                "age_high" if style == "two" else "leaving_age"
            )
            top.extend(names)
            bottom.extend(("", "") if style == "two" else ("Youngest", "Oldest"))
            for line, row in zip(cells, rows, strict=True):
                line.extend(
                    (year_group(row["age_low"]), year_group(row["age_high"])) if style == "two"
                    else (str(row["age_low"]), str(row["age_high"] + 1))
                )  # fmt: skip
        else:
            name = chance.choice(["Year groups", "Ages"] if style == "years" else ["Age range", "Ages"])
            columns[name] = "age_range"
            top.append(name), bottom.append("")
            for line, row in zip(cells, rows, strict=True):
                low, high = row["age_low"], row["age_high"]
                line.append(
                    f"{year_group(low)}-{year_group(high)}" if style == "years" else f"{low} to {high + 1}"
                )
    return columns, [top, bottom] if style == "two rows" else [top], cells


def written_cell(chance: random.Random, column: str, row: dict[str, Any], style: str) -> str:
    value = row.get(column)
    if column == "provision":
        return chance.choice(PROVISION_WORDS[str(value)])
    if column == "needs":
        return chance.choice(NEED_WORDS[str(value)])
    if column == "status":
        return chance.choice(STATUS_WORDS[str(value)])
    if column == "places":
        return chance.choice([f"{value}", f"{value:,}", f"{value}.0", f"{value} places"])
    if column == "from_academic_year":
        first = int(str(value)[:4])
        return chance.choice(
            [
                f"{value}",
                f"{first}-{(first + 1) % 100}",
                f"{first}/{first + 1}",
                f"September {first}",
                f"Sep-{first % 100}",
                f"01/09/{first}",
            ]
        )
    if column in ("age_low", "age_high"):
        return (
            chance.choice([f"{value}", f"{value}.0", year_group(int(str(value)))])
            if style == "two"
            else f"{value}"
        )
    if column == "note":
        return chance.choice(["", "Agreed by Schools Forum", "see paper, item 4"])
    return "" if value is None else str(value)


def written(chance: random.Random, lines: list[list[str]], path: Path) -> Path:
    if chance.random() < 0.35:
        return workbook(chance, lines, path.with_suffix(".xlsx"))
    mark = chance.choice([",", ";", "\t"])
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=mark, lineterminator="\r\n").writerows(lines)
    encoding = chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac_roman"])
    path = path.with_suffix(".csv")
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def workbook(chance: random.Random, lines: list[list[str]], path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    if chance.random() < 0.4:
        sheet.title = "Cover"
        sheet.append(["Specialist places: read me"])
        sheet = book.create_sheet("Data")
    wide = max(len(line) for line in lines)
    for number, line in enumerate(lines, start=1):
        for place, cell in enumerate(line, start=1):
            if cell:
                sheet.cell(number, place, float(cell) if cell.replace(".", "", 1).isdecimal() else cell)
        if len(line) == 1 and wide > 1 and chance.random() < 0.6:
            sheet.merge_cells(start_row=number, end_row=number, start_column=1, end_column=wide)
    book.save(path)
    return path
