"""Tables of places and plans as councils make them, with what they mean: titles, heads, words, units, encodings by chance.

Some have rows of another council, openings in words, places headed by a date, parts that are hidden, or tables below each other.

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

from data.registers.register import academic_year
from data.tables import newest_january
from data.vocabulary import BAND_CODES, NEED_CODES

NEWEST = academic_year(newest_january())
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


AUTHORITIES = ["Local authority", "LA", "LA name", "Council", "Borough", "Maintaining LA"]
OWNERS = ["Redbridge", "LB Redbridge", "London Borough of Redbridge", "317", "E09000026"]
OTHERS = ["Barnet", "LB Newham", "Kent County Council", "302", "City of York"]
OPEN_ALREADY = {
    "Existing": NEWEST, "Open": NEWEST, "Already open": NEWEST, "Pre 2020": "2019/20", "Before September 2020": "2019/20",
}  # fmt: skip
DATED = {"Jan 2025": "2024/25", "January 2026": "2025/26", "Sept 2026": "2026/27", "2025/26": "2025/26"}


@dataclass(frozen=True)
class MessyFile:
    """One file, the rows that it means, the meaning of each of its columns, and whose rows it has: own, mixed or another's."""

    path: Path
    truth: list[dict[str, Any]]
    columns: dict[str, str]
    answers: dict[str, str]
    whose: str


def year_group(age: int) -> str:
    return "R" if age == 4 else f"Y{age - 4}"


def made(seed: int, folder: Path) -> MessyFile:
    """Return a file made with a seed."""
    chance = random.Random(seed)
    rows = truth_rows(chance)
    template = chance.random() < 0.2
    columns, header, cells = table_of(chance, rows, template)
    whose = chance.choice(["unsaid", "unsaid", "own", "mixed", "another"])
    rows = with_authority(chance, whose, rows, columns, header, cells)
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
        total = sum(row["written"] for row in rows)
        at = list(columns.values()).index("places") if "places" in columns.values() else len(columns) - 1
        last = [""] * len(columns)
        last[0], last[at] = chance.choice(["Total", "TOTAL", "Grand total", "Totals"]), str(total)
        lines.append(last)
    if not template and chance.random() < 0.5:
        lines += [[], ["Note: places are as commissioned for the academic year."]]
    path = written(chance, lines, folder / f"messy-{seed}")
    answers = {"located": "local", "status": "open", "basis": "council", "confidence": "medium"}
    return MessyFile(path, [row for row in rows if row["own"]], columns, answers, whose)


def with_authority(
    chance: random.Random,
    whose: str,
    rows: list[dict[str, Any]],
    columns: dict[str, str],
    header: list[list[str]],
    cells: list[list[str]],
) -> list[dict[str, Any]]:
    """Add a column of authorities, unless nothing is said of them; rows of others are not in what the file means."""
    for row in rows:
        row |= {"own": True, "written": row["places"]}
    if whose == "unsaid":
        return rows
    name, own = chance.choice(AUTHORITIES), chance.choice(OWNERS)
    others = chance.sample(range(len(rows)), chance.randint(1, len(rows) - 1)) if whose == "mixed" else []
    columns[name] = "la_code"
    header[0].append(name)
    for line in header[1:]:
        line.append("")
    another = chance.choice(OTHERS)
    for at, (row, line) in enumerate(zip(rows, cells, strict=True)):
        row["own"] = at not in others and whose != "another"
        line.append(own if row["own"] else another if whose == "another" else chance.choice(OTHERS))
    return rows


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
        rows[-1]["opening"] = chance.choice(list(OPEN_ALREADY)) if chance.random() < 0.2 else ""
        if rows[-1]["opening"]:
            rows[-1] |= {"from_academic_year": OPEN_ALREADY[rows[-1]["opening"]], "status": "open"}
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
            dated = kind == "places" and chance.random() < 0.2
            name = chance.choice(list(DATED) if dated else HEADINGS[kind])
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
        if row["opening"]:
            return str(row["opening"])
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
    if chance.random() < 0.3:
        sheet.column_dimensions[chance.choice("BCD")].hidden = True
    if chance.random() < 0.3:
        sheet.row_dimensions[len(lines) // 2 + 1].hidden = True
    if chance.random() < 0.3:
        older = book.create_sheet(chance.choice(["Register", "2019", "Plans"]))
        for line in lines:
            older.append([cell.replace("1", "3") for cell in line])
        older.sheet_state = "hidden"
    book.save(path)
    return path


BAND_WORDS = [["0-4", "Ages 0 to 4"], ["5 to 10"], ["11 to 15"], ["16-19", "16 to 19"], ["20-25", "20 to 25"]]
PLACEMENT_WORDS = [["Special school", "State special"], ["Mainstream", "mainstream"]]
GROUPS = {
    "bands": (["Age band", "Age group", "Ages", "By age"], BAND_WORDS),
    "needs": (["Primary need", "Type of need", "SEN need", "By need"], [[code] for code in NEED_CODES]),
    "placements": (["Placement", "Provision type", "Setting type"], PLACEMENT_WORDS),
}
NUMBERS = ["Number of plans", "EHCPs", "Plans", "Number", "Count", "No. of plans"]


@dataclass(frozen=True)
class MessyCounts:
    """One file of plans, and what it means."""

    path: Path
    total: int
    parts: dict[str, dict[str, int]]
    wards: int


def made_counts(seed: int, folder: Path) -> MessyCounts:
    """Return a file of plans made with a seed: one to three tables below each other, with the day in a title or in a column."""
    chance = random.Random(seed)
    needs = [chance.choice([0, 40, 250, 1200]) for _ in NEED_CODES]
    needs[0] += 300
    total = sum(needs)
    bands = [total // 10, total // 5, total // 4, total // 5]
    bands.append(total - sum(bands))
    truth = {
        "bands": dict(zip(BAND_CODES, bands, strict=True)), "needs": dict(zip(NEED_CODES, needs, strict=True)),
        "placements": {"state_special": total // 3, "mainstream": total // 2},
    }  # fmt: skip
    parts = chance.sample(list(GROUPS), chance.randint(1, 3))
    dated = chance.random() < 0.5
    names = [
        *(["Date of count", "Date extracted"] if dated else []),
        *(["Ward"] if chance.random() < 0.5 else []),
    ]
    day = ["30/09/2026", "2026-09-30"]
    lines = [["EHC plans maintained" + ("" if dated else " on 30 September 2026")], []]
    wards = 0
    stated = False
    for part in parts:
        headings, words = GROUPS[part]
        first = chance.random() < 0.7
        head = [chance.choice(headings), chance.choice(NUMBERS)]
        lines.append([*(head if first else reversed(head)), *names])
        rows = [
            (chance.choice(spelt), number) for spelt, number in zip(words, truth[part].values(), strict=True)
        ]
        if part != "placements" and (not stated or chance.random() < 0.6):
            rows.append((chance.choice(["Total", "TOTAL", "All plans"]), total))
            stated = True
        for word, number in rows:
            written_number = chance.choice([f"{number}", f"{number:,}", f"{number}.0"])
            more = [
                *([chance.choice(day), "05/10/2026"] if dated else []),
                *(["North"] if "Ward" in names else []),
            ]
            wards += "Ward" in names and word not in ("Total", "TOTAL", "All plans")
            lines.append([*((word, written_number) if first else (written_number, word)), *more])
        lines += [[], [chance.choice(["By another breakdown", "Source: case system"])]][
            : chance.randint(1, 2)
        ]
    if not stated:
        lines += [
            ["Age band", "Number of plans", *names],
            ["Total", f"{total}", *([day[1], day[1]] if dated else [])],
        ]
    return MessyCounts(
        written(chance, lines, folder / f"counts-{seed}"), total, {part: truth[part] for part in parts}, wards
    )
