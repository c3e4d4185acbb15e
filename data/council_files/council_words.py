"""Words that councils, Get Information about Schools and cabinet papers use, and our codes for them.

The table is ``data/reference/words/words.csv``.

Invariants: a word with several meanings is never given one of them; a hint for a misspelt word never moves places from a
provision that is counted to one that is not or from open or agreed to proposed, nor back.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rapidfuzz import fuzz, process

from data.council_files.spreadsheet import CellError, Understood, plain
from data.formatting import quoted
from data.provisions import provisions, specialist
from data.vocabulary import ALL, NEED_CODES, NEEDS, PROVISIONS

FOLDER = Path(__file__).parents[1] / "reference" / "words"
"""Where the tables of words and headings are kept."""

HINT_LIKENESS = 60
"""Least likeness, per cent, of a spelling that is named in a hint."""

CLEAR_LEAD = 8
"""Points by which a hint must be more like the word than any spelling of another effect on what is counted."""

_PARENTHESES = re.compile(r"\(([^()]*)\)")
_DETAILS = re.compile(
    r"(?:all through|primary|secondary|infant|junior|boys|girls|mixed|day|co ed|academy|maintained|community|foundation"
    r"|free school|ages? \d+ (?:to )?\d+|\d+ (?:to )?\d+|\d+ places|ks ?\d(?: and (?:ks)? ?\d)?)"
)
_SEPARATORS = re.compile(r"\s*(?:[;,/+&|\n]|\band\b)\s*", re.I)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word means.

    Parameters
    ----------
    codes
        Our code or codes; needs joined by ';'. Where ``choose``, the meanings it may have.
    choose
        Whether it has several meanings, so that whoever wrote it must say which.
    say
        Whether to say how it was read, since it is a wider or older word.
    note
        What to say of it.
    """

    codes: tuple[str, ...]
    choose: bool
    say: bool
    note: str


def bare(text: str) -> str:
    """Return text in lower case without punctuation, "and" for "&", to compare words; '/' and '+' stay, between spaces."""
    words = re.sub(r"[^\w/+]+", " ", text.replace("&", " and ").replace("\u2019", "'").casefold()).replace(
        "_", " "
    )
    return " ".join(words.replace("/", " / ").replace("+", " and ").split())


@cache
def _table() -> Mapping[str, Mapping[str, Meaning]]:
    table: dict[str, dict[str, Meaning]] = {}
    for code, label in PROVISIONS.items():
        table.setdefault("provision", {})[bare(code)] = Meaning((code,), False, False, "")
        table["provision"][bare(label)] = Meaning((code,), False, False, "")
    for provision in provisions():
        for name in provision.also_called:
            table["provision"].setdefault(bare(name), Meaning((provision.code,), False, False, ""))
    for code, label in NEEDS.items():
        table.setdefault("needs", {})[bare(code)] = Meaning((code,), False, False, "")
        table["needs"][bare(label)] = Meaning((code,), False, False, "")
    with (FOLDER / "words.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            meaning = Meaning(
                tuple(row["codes"].split("|")), row["choose"] == "yes", row["say"] == "yes", row["note"]
            )
            table.setdefault(row["column"], {}).setdefault(row["word"], meaning)
    return table


def meaning(column: str, cell: str) -> Meaning | None:
    """Return what a word of a column means; None if it is not in the table.

    Words between parentheses count only if they mean the same, or are a detail that changes nothing, such as an age.
    """
    words = _table().get(column, {})
    text = bare(cell)
    if text in words:
        return words[text]
    inside = [bare(part) for part in _PARENTHESES.findall(cell)]
    if not inside:
        return None
    outside = words.get(bare(_PARENTHESES.sub(" ", cell)))
    if outside is None:
        return None
    for part in inside:
        also = words.get(part)
        if also is not None and also.codes != outside.codes:
            return None
        if also is None and not _DETAILS.fullmatch(part):
            return None
    return outside


def parse_word(column: str, cell: str, kind: str, allowed: Iterable[str]) -> str | Understood:
    """Return the code of a closed list that a cell means.

    Parameters
    ----------
    column
        Column of the table of words.
    cell
        What was written.
    kind
        What the codes are of, in words.
    allowed
        Codes of the list, in order.

    Raises
    ------
    CellError
        It has several meanings, or none; a misspelt word is proposed as a fix where that is safe.
    """
    codes = tuple(allowed)
    if plain(cell) in {plain(code): code for code in codes}:
        return {plain(code): code for code in codes}[plain(cell)]
    known = meaning(column, cell)
    if known is None:
        raise unknown_word(column, cell, kind, codes)
    if known.choose:
        raise several_meanings(cell, known)
    (code,) = known.codes
    label = bare(PROVISIONS.get(code, code)) if column == "provision" else code
    remark = "" if bare(cell) in (label, bare(code)) else f"{quoted(cell)} was read as {code}"
    return Understood(code, remark + (f" ({known.note})" if remark and known.note else ""))


def several_meanings(cell: str, known: Meaning) -> CellError:
    """Return the error for a word that has several meanings, which names them all and picks none."""
    choices = " or ".join(code.replace(";", " with ") if code.isupper() else code for code in known.codes)
    return CellError(f"{quoted(cell)} has several meanings here: it {known.note}. Write {choices}.")


def unknown_word(column: str, cell: str, kind: str, allowed: Iterable[str]) -> CellError:
    """Return the error for a word that is not in the table, with the one that may have been meant where that is safe."""
    near = likely_code(column, cell, allowed)
    if near is None:
        return CellError(f"{quoted(cell)} is not a {kind} we know. Write one of {', '.join(allowed)}.")
    return CellError(f"{quoted(cell)} is not a {kind} we know. Did you mean '{near}'?", {"": near})


def likely_code(column: str, cell: str, allowed: Iterable[str]) -> str | None:
    """Return the code that a misspelt word may have been meant as; None where it is not safe to say."""
    codes = tuple(allowed)
    spellings = {bare(code): code for code in codes}
    spellings |= {
        word: known.codes[0]
        for word, known in _table().get(column, {}).items()
        if not known.choose and known.codes[0] in codes
    }
    doubtful = [word for word, known in _table().get(column, {}).items() if known.choose]
    ranked = process.extract(
        bare(cell)[:60], [*spellings, *doubtful], scorer=fuzz.ratio, score_cutoff=HINT_LIKENESS, limit=None
    )
    if not ranked or ranked[0][0] not in spellings:
        return None
    best, likeness, _ = ranked[0]
    if column not in ("provision", "status"):
        # Nothing that is counted hangs on it, so the codes themselves come first.
        own = process.extractOne(
            bare(cell)[:60], [bare(c) for c in codes], scorer=fuzz.ratio, score_cutoff=HINT_LIKENESS
        )
        return spellings[own[0] if own else best]
    for word, like, _ in ranked[1:]:
        if likeness - like >= CLEAR_LEAD:
            break
        if word not in spellings or _effect(column, spellings[word]) != _effect(column, spellings[best]):
            return None
    return spellings[best]


def _effect(column: str, code: str) -> object:
    """Return what a code does to the count of places: codes of equal effect may be hinted at for each other."""
    if column == "provision":
        return code in specialist()
    return code != "proposed" if column == "status" else None


def parse_needs(cell: str) -> str | Understood:
    """Return the needs that a cell means, as need codes in order joined by ';', or All.

    Raises
    ------
    CellError
        A part has several meanings or none.
    """
    parts = _parts_of_needs(cell)
    codes: set[str] = set()
    remarks = []
    for part, known in parts:
        if known is None:
            raise unknown_word("needs", part, "need", (ALL, *NEED_CODES))
        if known.choose:
            raise several_meanings(part, known)
        codes |= set(known.codes[0].split(";"))
        if known.say:
            remarks.append(f"{quoted(part)} was read as {known.codes[0]} ({known.note})")
    if not codes:
        raise CellError(f"{quoted(cell)} names no need. Write need codes joined by ';', or {ALL}.")
    if ALL in codes and len(codes) > 1:
        raise CellError(
            f"{quoted(cell)} mixes {ALL} with single needs. Write either {ALL} or the codes alone."
        )
    text = ALL if ALL in codes else ";".join(code for code in NEED_CODES if code in codes)
    if not remarks and any(bare(part) not in {bare(c) for c in (ALL, *NEED_CODES)} for part, _ in parts):
        remarks.append(f"{quoted(cell)} was read as {text}")
    return Understood(text, "; ".join(remarks)) if remarks else text


def _parts_of_needs(cell: str) -> list[tuple[str, Meaning | None]]:
    """Return the parts of a cell and what each means: the longest runs that are in the table, from left to right."""
    pieces: list[str] = []
    at = 0
    for match in [*_SEPARATORS.finditer(cell), None]:
        piece = cell[at : match.start() if match else len(cell)]
        pieces.append(piece)
        if match:
            pieces.append(match.group())
            at = match.end()
    parts: list[tuple[str, Meaning | None]] = []
    start = 0
    while start < len(pieces):
        for end in range(len(pieces), start, -2):
            text = "".join(pieces[start:end]).strip()
            known = meaning("needs", text) if text else None
            if known is not None or end == start + 1:
                if text:
                    parts.append((text, known))
                start = end + 1
                break
        else:
            break
    return parts
