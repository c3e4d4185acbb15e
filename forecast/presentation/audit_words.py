"""Forecast against outturn in words and tables that a scrutiny committee can read: what was expected, what came, and why.

Invariant: the parts of an error that are written add up to the error that is written beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from data.areas import Area
from data.panels.history import History
from data.vocabulary import ALL, BAND_CODES, SMALLEST_AUTHORITIES
from data.vocabulary import PROVISIONS as PROVISIONS_OF
from forecast.presentation import wording
from forecast.validation import audit
from forecast.validation.audit import BANDS, NEW, PLANS, PROVISIONS, Kept, Parts, scores

MEASURE_NAMES: dict[str, str] = {
    PLANS: "All EHC plans",
    NEW: "New plans in the year before",
    BANDS: "Age",
    PROVISIONS: "",
}
"""How a measure is called, in the order shown; an age band or the kind of provision follows where there is one."""

ITEMS: tuple[str, ...] = (ALL, *BAND_CODES, *PROVISIONS_OF)
"""Items in the order shown."""

FEW_ELSEWHERE = 0.02
"""Share of plans under another kind of provision than expected, below which nothing is said of it."""

LEAST_AREAS = 30
"""Authorities below which a measure is not named as the worst."""


@dataclass(frozen=True)
class AuditFigure:
    """One figure of an entry of the audit.

    Parameters
    ----------
    measure, item
        What it is (`forecast.validation.audit.KEPT_COLUMNS`).
    low, middle, high
        80 % interval and middle of the forecast.
    actual
        What was returned.
    """

    measure: str
    item: str
    low: float
    middle: float
    high: float
    actual: float

    @property
    def inside(self) -> bool:
        """Whether what was returned lies in the interval."""
        return self.low <= self.actual <= self.high

    @property
    def name(self) -> str:
        """What it is called."""
        return item_name(self.measure, self.item)

    @property
    def error(self) -> int:
        """Returned less the middle, both as they are shown."""
        return round(self.actual) - round(self.middle)

    @property
    def verdict(self) -> str:
        """Where what was returned lies: "inside the 80 % interval", "12 below it"."""
        if self.inside:
            return "inside the 80 % interval"
        apart = self.low - self.actual if self.actual < self.low else self.actual - self.high
        side = "below" if self.actual < self.low else "above"
        return f"{wording.count(max(apart, 1))} {side} the 80 % interval"

    @property
    def expected(self) -> str:
        """The middle and its interval: "3,760 (3,570 to 3,950)"."""
        return f"{wording.whole(self.middle)} ({wording.whole(self.low)} to {wording.whole(self.high)})"


@dataclass(frozen=True, eq=False)
class AuditEntry:
    """One kept forecast against one later January, in words.

    Parameters
    ----------
    title
        Which January, of whom.
    sentences
        What it says.
    table
        Every figure as text.
    """

    title: str
    sentences: tuple[str, ...]
    table: pd.DataFrame


def audited(history: History, area: Area | None) -> list[AuditEntry]:
    """Return every entry of the audit in words, of one authority or of all, newest January first.

    Parameters
    ----------
    history
        Today's authorities, up to the newest January.
    area
        The authority; all of them together where None.

    Raises
    ------
    SourceError
        A kept forecast or an entry is not the one that was written.
    """
    made_of: list[AuditEntry] = []
    for kept, january in sorted(audit.entries(), key=lambda known: (-known[1], -known[0].origin)):
        entry, forecast = audit.read_entry(kept, january), audit.read(kept)
        returned = audit.outturn(history, range(kept.origin + 1, january + 1))
        title = f"January {january}, forecast from January {kept.origin}: {'all authorities' if area is None else area.name}"
        why = audit.parts(forecast, returned, january)
        if area is None:
            made_of.append(
                AuditEntry(title, tuple(of_england(kept, january, entry, why)), england_table(entry))
            )
        else:
            own = entry[entry["la_code"] == area.la_code]
            sentences = of_authority(area.name, kept, january, own, why.get(area.la_code))
            made_of.append(AuditEntry(title, tuple(sentences), authority_table(own)))
    return made_of


def lines(entry: pd.DataFrame) -> list[AuditFigure]:
    """Return the figures of an authority's entry that are set against returns, totals first, without what nobody has."""
    every = [
        AuditFigure(
            str(r["measure"]),
            str(r["item"]),
            float(r["p10"]),
            float(r["p50"]),
            float(r["p90"]),
            float(r["actual"]),
        )
        for r in entry.to_dict("records")
        if r["measure"] in MEASURE_NAMES
    ]
    known = (line for line in every if line.actual > 0 or line.middle >= 1)
    return sorted(known, key=lambda line: _place(line.measure, line.item))


def _place(measure: str, item: str) -> tuple[int, int]:
    return list(MEASURE_NAMES).index(measure), ITEMS.index(item)


def item_name(measure: str, item: str) -> str:
    """Return what a figure is called: "All EHC plans", "Age 5-10", "State-funded special school"."""
    if item == ALL:
        return MEASURE_NAMES[measure]
    return PROVISIONS_OF[item] if measure == PROVISIONS else f"{MEASURE_NAMES[measure]} {item}"


def made(kept: Kept) -> str:
    """Return which forecast it was: the January it was made from, the version of the models, the day it was kept."""
    return (
        f"the forecast made from January {kept.origin} (models {kept.version}, kept on {day(kept.kept_on)})"
    )


def day(written: str) -> str:
    """Return an ISO date as people write it: "30 November 2026"."""
    return f"{date.fromisoformat(written):%-d %B %Y}"


def of_authority(name: str, kept: Kept, january: int, entry: pd.DataFrame, why: Parts | None) -> list[str]:
    """Return sentences on one authority: its total, why it was missed, age bands, kinds of provision, new plans.

    Parameters
    ----------
    name
        The authority's.
    kept, january
        Which forecast, of which January.
    entry
        The authority's rows of the entry (`forecast.validation.audit.ENTRY_COLUMNS`).
    why
        What its total missed comes from; None where that is not known.
    """
    own = lines(entry)
    total = next((line for line in own if line.measure == PLANS), None)
    if total is None:
        return [f"{name} has no total of January {january} to set {made(kept)} against."]
    written = [
        f"January {january}: {made(kept)} expected {total.expected} plans in {name}. {wording.whole(total.actual)} were "
        f"returned: {_apart(total.error)}{_share(total.error, total.actual)}, {total.verdict}."
    ]
    if total.error and why is not None:
        written.append(_why(total.error, why))
    elif total.error:
        written.append("Why cannot be said: a year's new plans or residents were not returned.")
    for measure, many in ((BANDS, "age bands"), (PROVISIONS, "kinds of provision")):
        of_measure = [line for line in own if line.measure == measure]
        if of_measure:
            written.append(_inside(many, of_measure))
        if measure == PROVISIONS and of_measure:
            written += _coded_elsewhere(of_measure)
    written += [
        f"New plans in {january - 1}: {new.expected} expected, {wording.whole(new.actual)} made, {new.verdict}."
        for new in own
        if new.measure == NEW
    ]
    return written


def _apart(error: int) -> str:
    if not error:
        return "as expected"
    return f"{abs(error):,} {'more' if error > 0 else 'fewer'} than the middle"


def _share(error: int, actual: float) -> str:
    return f" ({wording.per_cent(abs(error) / actual, 1)})" if error and actual > 0 else ""


def _why(error: int, why: Parts) -> str:
    """Return what an error comes from; whole numbers that add up to it, what rounding leaves going to the largest."""
    named = {
        "the start was corrected since": why.corrected,
        "there were more or fewer residents than expected": why.residents,
        "there were more or fewer new plans for the residents there were": why.joining,
        "plans that ended, moved to another authority or were corrected": why.ending,
        "the middle of the forecast is not its average": why.rounding,
    }
    whole = {name: round(value) for name, value in named.items()}
    largest = max(named, key=lambda name: abs(named[name]))
    whole[largest] += error - sum(whole.values())
    parts = [f"{value:+,} {_directed(name, value)}" for name, value in whole.items() if value]
    return f"Of these {error:+,} plans, {'; '.join(parts)}."


def _directed(name: str, value: int) -> str:
    """Return the name of a part with its direction: more or fewer."""
    if name.startswith("plans that ended"):
        return f"because {'fewer' if value > 0 else 'more'} {name} than expected"
    word = "more" if value > 0 else "fewer"
    return f"because {name.replace('more or fewer', word)}"


def _inside(many: str, own: list[AuditFigure]) -> str:
    outside = [line for line in own if not line.inside]
    text = f"Of {len(own)} {many} {len(own) - len(outside)} lay inside their 80 % intervals"
    if not outside:
        return f"{text}."
    each = [
        f"{line.name} ({wording.whole(line.middle)} expected, {wording.whole(line.actual)} returned)"
        for line in outside
    ]
    return f"{text}; not: {', '.join(each)}."


def _coded_elsewhere(own: list[AuditFigure]) -> list[str]:
    """Return a sentence on plans returned under another kind of provision than expected; none where they are few."""
    errors = [line.error for line in own]
    elsewhere = (sum(map(abs, errors)) - abs(sum(errors))) // 2
    if elsewhere < FEW_ELSEWHERE * sum(line.actual for line in own):
        return []
    return [
        f"{elsewhere:,} plans stand under another kind of provision than expected. Children taught elsewhere and settings coded "
        "anew cannot be told apart in the return; a kind that appears or vanishes in a year was probably coded anew."
    ]


def authority_table(entry: pd.DataFrame) -> pd.DataFrame:
    """Return every figure of an authority's entry as text: what, expected, range, returned, difference, where it lay."""
    return pd.DataFrame(
        [
            {
                "What": line.name,
                "Expected": wording.whole(line.middle),
                "80 % interval": f"{wording.whole(line.low)} to {wording.whole(line.high)}",
                "Returned": wording.whole(line.actual),
                "Difference": wording.whole(line.error, signed=True),
                "Where it lay": line.verdict.capitalize(),
            }
            for line in lines(entry)
        ]
    )


def of_england(kept: Kept, january: int, entry: pd.DataFrame, why: Mapping[int, Parts]) -> list[str]:
    """Return sentences on all authorities: how many totals lay inside, how far they were missed, and what was missed most.

    Parameters
    ----------
    kept, january
        Which forecast, of which January.
    entry
        Columns `forecast.validation.audit.ENTRY_COLUMNS`.
    why
        What their totals were missed by (`forecast.validation.audit.parts`).
    """
    scored = scores(entry)
    of_total, others = (
        scored[(scored["measure"] == PLANS) == total].to_dict("records") for total in (True, False)
    )
    own = entry[(entry["measure"] == PLANS) & ~entry["la_code"].isin(SMALLEST_AUTHORITIES)]
    inside, total = int(own["in_80"].astype(bool).sum()), of_total[0]
    side = "fewer" if total["too_low"] > 0 else "more"
    written = [
        f"January {january}: of {len(own)} authorities with a figure, {inside} ({wording.per_cent(inside / len(own))}) lay "
        f"inside the 80 % interval of {made(kept)}, where 8 in 10 should; "
        f"{wording.per_cent(total['in_95'])} lay inside the 95 % interval.",
        f"Totals were missed by {wording.per_cent(total['missed'], 1)} on average, weighted by plans; together the middles "
        f"expected {wording.per_cent(abs(total['too_low']), 1)} {side} plans than were returned.",
    ]
    if why:
        parts, areas = audit.together(why), len(set(why) - set(SMALLEST_AUTHORITIES))
        error = round(parts.total)
        written.append(
            f"The {areas} authorities that returned every flow came to {error:+,} plans from the middles. {_why(error, parts)}"
        )
    worst = min(
        (row for row in others if row["areas"] >= LEAST_AREAS), key=lambda row: row["in_80"], default=None
    )
    if worst is not None:
        written.append(
            f"'{item_name(worst['measure'], worst['item'])}' did worst: {wording.per_cent(worst['in_80'])} of "
            f"{worst['areas']} authorities lay inside its 80 % interval."
        )
    return written


def england_table(entry: pd.DataFrame) -> pd.DataFrame:
    """Return how each measure did over all authorities as text."""
    return pd.DataFrame(
        [
            {
                "What": item_name(row["measure"], row["item"]),
                "Authorities": f"{row['areas']:,}",
                "Inside 80 %": wording.per_cent(row["in_80"]),
                "Inside 95 %": wording.per_cent(row["in_95"]),
                "Missed by": wording.per_cent(row["missed"], 1),
                "Returned more than expected": wording.growth(row["too_low"], 1),
            }
            for row in sorted(
                scores(entry).to_dict("records"), key=lambda row: _place(row["measure"], row["item"])
            )
        ]
    )
