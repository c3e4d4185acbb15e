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
from functools import cache, lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process

from data.council_files.spreadsheet import CellError, Understood, plain
from data.formatting import quoted
from data.provisions import provisions, specialist
from data.vocabulary import ALL, NEED_CODES, NEEDS, PROVISIONS

FOLDER = Path(__file__).parents[1] / "reference" / "words"
"""Where the tables of words and headings are kept."""

LIKE_A_CODE, LIKE_A_WORD = 65, 85
"""Least likeness, per cent, to one of our codes or to a word of the table for it to be named in a hint."""

CLEAR_LEAD = 8
"""Points by which a hint must be more like the word than any spelling of another effect on what is counted."""

_PARENTHESES = re.compile(r"\(([^()]*)\)")
_DETAILS = re.compile(
    r"(?:all through|primary|secondary|infant|junior|boys|girls|mixed|day|co ed|academy|maintained|community|foundation"
    r"|free school|ages? \d+ (?:to )?\d+|\d+ (?:to )?\d+|\d+ places|ks ?\d(?: and (?:ks)? ?\d)?)"
)
_AROUND_NEEDS = re.compile(
    r"^(?:pupils|children|learners|students|young people)(?: and young people)? with |^primary need "
    r"| (?:pupils|children|learners|students|needs?|places?|difficulties|only)$"
)
_AFTER_PROVISION = re.compile(r" places?$")
_IN_FRONT = {"sen", "send", "new", "primary sen", "secondary sen", "existing"}
_IN_FRONT_OF_BASES = {"mainstream", "primary mainstream", "secondary mainstream"}
_SEPARATORS = re.compile(r"\s*(?:[;,/+&|\n]|\band\b|\bwith\b)\s*|\s+[\-\u2013]\s+", re.I)


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


@lru_cache(maxsize=8192)
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

    Words between parentheses, or on the other side of a dash, count only if they mean the same or are a detail that changes
    nothing, such as an age. A need or a phase in front of a kind of provision, and "pupils" or "needs" around a need, change
    nothing either.
    """
    words = _table().get(column, {})
    text = bare(cell)
    known = words.get(text) or _both_sides(words, cell) or _outside_parentheses(column, words, cell)
    return known or _without_details(column, words, text)


def _both_sides(words: Mapping[str, Meaning], cell: str) -> Meaning | None:
    """Return what "ASD - Autistic spectrum disorder" means: what both sides of the dash mean alike."""
    sides = [words.get(bare(side)) for side in re.split(r"\s+[-\u2013\u2014]\s+|:\s+", cell.strip())]
    if len(sides) < 2 or None in sides or len({side.codes for side in sides if side}) > 1:
        return None
    return sides[0]


def _outside_parentheses(column: str, words: Mapping[str, Meaning], cell: str) -> Meaning | None:
    inside = [bare(part) for part in _PARENTHESES.findall(cell)]
    if not inside:
        return None
    text = bare(_PARENTHESES.sub(" ", cell))
    outside = words.get(text) or _without_details(column, words, text)
    if outside is None:
        return None
    for part in inside:
        if _DETAILS.fullmatch(part):
            continue
        also = words.get(part)
        if also is not None and also.codes != outside.codes:
            return None
        a_need = column == "provision" and part in _table()["needs"]
        if also is None and not a_need:
            return None
    return outside


def _without_details(column: str, words: Mapping[str, Meaning], text: str) -> Meaning | None:
    """Return what a word means without what stands around it and changes nothing."""
    if column == "needs":
        return words.get(_AROUND_NEEDS.sub("", text).strip()) if _AROUND_NEEDS.search(text) else None
    if column != "provision":
        return None
    rest = _AFTER_PROVISION.sub("", text)
    for start in range(rest.count(" ") + 1):
        front, behind = rest.split(" ")[:start], " ".join(rest.split(" ")[start:])
        known = words.get(behind)
        if known is None:
            continue
        first_words = " ".join(front)
        if (
            not first_words
            or _DETAILS.fullmatch(first_words)
            or first_words in _IN_FRONT
            or _is_need(first_words)
        ):
            return known
        if known.codes == ("specialist_base",) and first_words in _IN_FRONT_OF_BASES:
            return known
    return None


def _is_need(text: str) -> bool:
    parts = _parts_of_needs(text)
    return bool(parts) and all(part is not None for _, part in parts)


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
    own = _plain_codes(codes)
    if plain(cell) in own:
        return own[plain(cell)]
    known = meaning(column, cell)
    if known is None:
        raise unknown_word(column, cell, kind, codes)
    if known.choose:
        raise several_meanings(cell, known)
    (code,) = known.codes
    label = bare(PROVISIONS.get(code, code)) if column == "provision" else code
    remark = "" if bare(cell) in (label, bare(code)) else f"{quoted(cell)} was read as {code}"
    return Understood(code, remark + (f" ({known.note})" if remark and known.note else ""))


@cache
def _plain_codes(codes: tuple[str, ...]) -> Mapping[str, str]:
    return {plain(code): code for code in codes}


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
    word = bare(cell)[:60]
    own = {bare(code): code for code in codes} | (
        {bare(label): code for code, label in PROVISIONS.items() if code in codes}
        if column == "provision"
        else {}
    )
    table = _table().get(column, {})
    others = {
        w: m.codes[0] for w, m in table.items() if not m.choose and m.codes[0] in codes and w not in own
    }
    like_own = process.extract(word, list(own), scorer=fuzz.ratio, score_cutoff=LIKE_A_CODE, limit=None)
    like_word = process.extract(word, list(others), scorer=fuzz.ratio, score_cutoff=LIKE_A_WORD, limit=None)
    ranked = sorted(
        [(like, own[w]) for w, like, _ in like_own] + [(like, others[w]) for w, like, _ in like_word],
        key=lambda r: -r[0],
    )
    if not ranked:
        return None
    likeness, best = ranked[0]
    if column not in ("provision", "status"):
        return best
    doubtful = [w for w, m in table.items() if m.choose]
    if process.extractOne(
        word, doubtful, scorer=fuzz.ratio, score_cutoff=max(likeness - CLEAR_LEAD, LIKE_A_CODE)
    ):
        return None
    close = [code for like, code in ranked if likeness - like < CLEAR_LEAD]
    return best if len({_effect(column, code) for code in close}) == 1 else None


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
