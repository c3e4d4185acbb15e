"""The last sections of a report: assumptions, sources, terms, and how to make the report again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from data import tables
from data.errors import TableError
from data.registers.register import academic_year
from data.schemas import TABLES
from forecast.presentation import own_record, wording, words
from forecast.presentation.glossary import TERMS
from forecast.presentation.record import MONEY_TABLES, PRODUCT, USED_TABLES
from forecast.reports.document import DocumentTable, Paper
from forecast.reports.sufficiency import Need

SHOWN_TERMS: tuple[str, ...] = (
    "80 % interval", "Base case", "EHC plan", "Empty", "High needs block", "INMSS", "January", "Payback", "Placed",
    "Present value", "Residents", "Short", "Specialist base", "State special school", "Want a specialist place",
    "What another future costs", "Without any specialist place",
)  # fmt: skip
"""Terms of the glossary that a reader of a paper may not know, in alphabetical order after the first."""

_BUILT = "built from"
"""How the list of sources begins a release that is no release but our own derivation."""


@dataclass(frozen=True)
class Made:
    """How a report was made, so that it can be made again.

    Parameters
    ----------
    command
        What to type.
    record
        The record of the run, `forecast.presentation.record.provenance`.
    """

    command: str
    record: Mapping[str, Any]

    @property
    def data_hash(self) -> str:
        """One hash of every input of the forecast, the register included."""
        inputs = dict(self.record["inputs"]) | {"register": self.record["capacity_register"]["sha256"]}
        if self.record["own_count"] is not None:
            inputs["own count"] = self.record["own_count"]["sha256"]
        text = "\n".join(f"{name} {inputs[name]}" for name in sorted(inputs))
        return hashlib.sha256(text.encode()).hexdigest()


def assumptions(need: Need) -> DocumentTable:
    """Return the assumptions of the places forecast, with how firm each is, as a table."""
    origin, estimated = need.outcome.plans.origin, words.estimated_places(need.outcome)
    blend = need.outcome.shortfall.blend
    rows = [
        (
            "Growth",
            f"{own_record.sentences(need.outcome)[0]} No change of law or policy.",
            "Fitted to published figures; tested on past years to five years ahead, judgement beyond",
        ),
        (
            "Demand",
            words.wanted_in_words(need.outcome),
            "Published choices; those turned away are inferred, not counted"
            if blend
            else "Published choices: a lower bound",
        ),
        (
            "Places",
            f"Open and agreed places of the register in {academic_year(origin)} and after; agreed schemes may open "
            "late or not at all.",
            f"Estimates: {'; '.join(estimated)}" if estimated else "From the register",
        ),
        (
            "Places elsewhere",
            "Residents go on using as many places in other authorities' schools as today.",
            "Estimate" if estimated else "Register",
        ),
        (
            "Where unplaced children go",
            "An order of preference: a free base, another authority's school, an independent school, other "
            "arrangements, waiting.",
            "Assumption; can be edited",
        ),
    ]
    return DocumentTable(
        pd.DataFrame(rows, columns=["What", "Assumed", "How firm"]),
        "Assumptions of the forecast of places",
        words=("Assumed", "How firm"),
        widths=(2.7, 9.3, 5.0),
    )


def sources() -> DocumentTable:
    """Return the data releases behind the forecast, from the list of sources, as a table.

    Raises
    ------
    TableError
        The list of sources is not there.
    """
    if not tables.SOURCES.exists():
        raise TableError(
            f"The list of sources is not at {tables.SOURCES}, so the paper cannot say where its figures come from. "
            "Restore the file from the repository, or rebuild it with 'sendplan data build --from DIR'."
        )
    listed = pd.read_csv(tables.SOURCES, dtype="str", keep_default_na=False)
    used = listed[listed["table"].isin((*USED_TABLES, *MONEY_TABLES))].drop_duplicates(
        ["publisher", "release"]
    )
    shown = pd.DataFrame(
        {
            "Release": [
                wording.sentence(TABLES[table].about if release.startswith(_BUILT) else release)
                for table, release in zip(used["table"], used["release"], strict=True)
            ],
            "Publisher": [_or(p) for p in used["publisher"]],
            "Date": [_or(d) for d in used["date"]],
            "Licence": [_or(x) for x in used["licence"]],
        }
    )
    return DocumentTable(
        shown,
        "Published sources of the forecast and of its costs",
        words=("Publisher", "Date", "Licence"),
        widths=(7.6, 2.9, 3.9, 2.6),
        note="OGL: Open Government Licence. A fingerprint of every file is kept with the product.",
    )


def _or(text: str) -> str:
    return text.strip() or "not recorded"


def terms() -> DocumentTable:
    """Return terms that a reader may not know, with their meaning, as a table."""
    first, *others = ((term, TERMS[term]) for term in SHOWN_TERMS)
    rows = [first, ("Chances in words", wording.likelihood_scale()), *others]
    return DocumentTable(
        pd.DataFrame(rows, columns=["Term", "What it means here"]),
        "Terms",
        words=("What it means here",),
        widths=(3.6, 13.4),
    )


def making(made: Made) -> DocumentTable:
    """Return the command, data and versions that make the report again, as a table."""
    record = made.record
    rows = [
        ("Command", made.command),
        ("Version", f"{PRODUCT} {record['versions'][PRODUCT]}"),
        ("Model", f"{record['model']}, data to January {record['origin']}"),
        ("Possible futures", f"{record['draws']:,}"),
        ("Capacity register", str(record["capacity_register"]["origin"])),
        ("Fingerprint of inputs", f"SHA-256 {made.data_hash[:16]}, of {len(record['inputs']) + 1} inputs"),
    ]
    return DocumentTable(
        pd.DataFrame(rows, columns=["What", "Value"]),
        "How this paper was made",
        words=("Value",),
        widths=(3.6, 13.4),
        note="The same command, version, inputs and date give the same file.",
    )


def write(paper: Paper, need: Need, made: Made, more: tuple[DocumentTable, ...] = ()) -> None:
    """Write assumptions, sources, terms and how to make the report again.

    Parameters
    ----------
    paper
        The paper so far.
    need
        The run.
    made
        How it was made.
    more
        Tables of assumptions beyond those of the forecast of places: of the schemes.
    """
    paper.heading("Assumptions")
    paper.table(assumptions(need))
    for table in more:
        paper.table(table)
    paper.heading("Estimated rather than known", 2)
    paper.bullets(
        [*words.estimates(need.outcome), *[wording.sentence(w) for w in need.outcome.register.warnings]]
    )
    paper.heading("Sources and dates")
    paper.table(sources())
    places = tuple(dict.fromkeys(unit.source for unit in need.outcome.shortfall.units))
    paper.paragraph("Places come from:")
    paper.bullets([_short_link(s) for s in places] or ["No places are in the register."])
    paper.heading("Terms")
    paper.table(terms())
    paper.heading("How this paper was made")
    paper.table(making(made))


def _short_link(source: str) -> str:
    """Return a source that fits a line: an address without what follows a question mark."""
    return (
        source
        if not source.startswith("http")
        else str(PurePosixPath(source.split("?")[0])).replace(":/", "://", 1)
    )
