"""The page Places: places against demand, when they run out and for whom, by setting, and the register behind them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from data.panels.history import History
from data.registers.register import Register, academic_year, in_force
from data.vocabulary import ALL, NEEDS, PHASE_CODES, PROVISIONS, SPECIALIST_PROVISIONS
from forecast.core.outcome import ONE_CHILD, Outcome
from forecast.presentation import places_report, summary, wording, words
from forecast.presentation.places_report import PlacesTables
from forecast.presentation.published_figures import FIGURES, shown
from forecast.presentation.summary import RunOut
from forecast.ui.views.common import GROUP_OF_NEED

LOCATED = {"local": "In the authority", "elsewhere": "Elsewhere"}


@dataclass(frozen=True)
class PlacesView:
    """The content of the page Places.

    Parameters
    ----------
    headline
        The sentence to say aloud.
    cells
        Every phase, need group, provision and January with "All": places, wanted_q10 to wanted_q90, filled_q50, shortfall_q10
        to shortfall_q90, p_shortfall, places_to_add.
    placed
        phase, provision, january, placed, places: residents placed (published) and places, now.
    run_outs, run_out_lines
        When places run out, soonest first, as values and as sentences.
    more
        Titled tables on needs, demand and overflow, in words.
    settings
        setting, provision, year, places, pupils, p_full, basis, confidence, source: a row a setting and January.
    causes, notes
        What overflow into INMSS and EOTAS is caused by, and what a reader must know.
    register, register_later, register_basis
        Rows in force now, rows that begin later, and how places are known, in words.
    register_origin, warnings
        Name of the register, and what in it looks doubtful.
    """

    headline: str
    cells: pd.DataFrame
    placed: pd.DataFrame
    run_outs: tuple[RunOut, ...]
    run_out_lines: tuple[str, ...]
    more: tuple[tuple[str, pd.DataFrame], ...]
    settings: pd.DataFrame
    causes: tuple[str, ...]
    notes: tuple[str, ...]
    register: pd.DataFrame
    register_later: pd.DataFrame
    register_basis: pd.DataFrame
    register_origin: str
    warnings: tuple[str, ...]

    @property
    def phases(self) -> tuple[str, ...]:
        """Phases with specialist places or children who want one, in the order of the vocabulary."""
        return tuple(p for p in PHASE_CODES if any(r.phase == p for r in self.run_outs))


def places(outcome: Outcome, history: History) -> PlacesView:
    """Return the content of the page for a run."""
    tables = PlacesTables.of(outcome)
    origin = outcome.plans.origin
    return PlacesView(
        headline=places_report.headline(outcome, tables),
        cells=tables.shortfall.merge(
            tables.frames["places_to_add"],
            on=["la_code", "year", "phase", "need_group", "provision"],
            validate="one_to_one",
        ),
        placed=_placed(outcome),
        run_outs=tuple(summary.run_outs(tables.shortfall)),
        run_out_lines=tuple(words.run_out_lines(tables.shortfall)),
        more=(
            ("Which needs run out first", places_report.binding_table(tables)),
            (places_report.DEMAND, places_report.demand_table(outcome, tables)),
            (places_report.OVERFLOW, places_report.overflow_table(outcome, tables)),
        ),
        settings=_settings(outcome, tables.frames["settings"]),
        causes=tuple(places_report.cause_lines(outcome)),
        notes=(words.PLACES_NOTE, words.wanted_in_words(outcome)),
        register=settings_in_words(in_force(outcome.register, origin)),
        register_later=settings_in_words(begins_after(outcome.register, origin)),
        register_basis=basis_in_words(outcome.register, origin),
        register_origin=outcome.register.origin,
        warnings=outcome.register.warnings,
    )


def group_of(need: str) -> str:
    """Return the need group that shares places with a need; "All" for all."""
    return ALL if need == ALL else GROUP_OF_NEED[need]


def group_label(need: str) -> str:
    """Return the name of `group_of`."""
    return places_report.GROUP_LABELS[group_of(need)]


def places_frame(view: PlacesView, group: str, last: int) -> pd.DataFrame:
    """Return places against demand of one need group: phase, provision, january, placed, places, q10, q50, q90, filled.

    ``placed`` is known at one January and for all needs together only; the quantiles of places wanted only after the origin.
    """
    ahead = view.cells[(view.cells["need_group"] == group) & (view.cells["year"] <= last)].rename(
        columns={
            "year": "january", "wanted_q10": "q10", "wanted_q50": "q50", "wanted_q90": "q90", "filled_q50": "filled"
        }
    )  # fmt: skip
    columns = ["phase", "provision", "january", "placed", "places", "q10", "q50", "q90", "filled"]
    known = view.placed if group == ALL else view.placed.iloc[:0]
    both = pd.concat([known.reindex(columns=columns), ahead.reindex(columns=columns)], ignore_index=True)
    return both.astype({"january": "int64", "q10": "float64", "placed": "float64", "filled": "float64"})


def found_run_outs(view: PlacesView, phase: str, group: str) -> tuple[RunOut, ...]:
    """Return when places of a phase (or of every phase, for "All") run out for a need group, soonest first."""
    cells = view.cells[view.cells["need_group"] == group].assign(need_group=ALL)
    return tuple(r for r in summary.run_outs(cells) if phase in (ALL, r.phase))


def strip(view: PlacesView, phase: str, group: str, last: int) -> pd.DataFrame:
    """Return the chance of a shortfall, 0 to 1: one row for each phase and provision in use, one column for each January."""
    rows = view.cells[(view.cells["need_group"] == group) & (view.cells["year"] <= last)]
    lines = {}
    for code in PHASE_CODES if phase == ALL else (phase,):
        for provision in SPECIALIST_PROVISIONS:
            own = rows[(rows["phase"] == code) & (rows["provision"] == provision)]
            if own["places"].max() > 0 or own["wanted_q90"].max() >= ONE_CHILD:
                name = f"{words.PHASE_LABELS[code]}: {words.SHORT_PROVISIONS[provision]}"
                lines[name] = own.set_index("year")["p_shortfall"].sort_index()
    return pd.DataFrame(lines).T.rename_axis("Kind of place")


def table(view: PlacesView, phase: str, group: str, last: int) -> pd.DataFrame:
    """Return capacity against places wanted and filled by January, as text, for provisions in use."""
    rows = view.cells[
        (view.cells["need_group"] == group) & (view.cells["phase"] == phase) & (view.cells["year"] <= last)
    ]
    lines = []
    for provision in SPECIALIST_PROVISIONS:
        own = rows[rows["provision"] == provision].sort_values("year")
        if own["places"].max() <= 0 and own["wanted_q90"].max() < ONE_CHILD:
            continue
        for row in own.to_dict("records"):
            lines.append(
                {
                    "Kind of place": words.SHORT_PROVISIONS[provision].capitalize(),
                    "January": f"{row['year']}",
                }
                | places_report.place_figures(row, row["places_to_add"])
            )
    return pd.DataFrame(lines)


def kind_table(view: PlacesView, run_out: RunOut, group: str, last: int) -> pd.DataFrame:
    """Return `table` of one phase and provision, one row for each January."""
    whole = table(view, run_out.phase, group, last)
    kind = words.SHORT_PROVISIONS[run_out.provision].capitalize()
    return whole[whole["Kind of place"] == kind].drop(columns="Kind of place").reset_index(drop=True)


def settings_table(view: PlacesView, january: int) -> pd.DataFrame:
    """Return each setting in one January as text, with the part that is estimated; settings without places are left out."""
    rows = view.settings[(view.settings["year"] == january) & (view.settings["places"] > 0)]
    return pd.DataFrame(
        {
            "Setting": list(rows["setting"]),
            "Kind": [words.SHORT_PROVISIONS.get(p, PROVISIONS[p]).capitalize() for p in rows["provision"]],
            **{
                FIGURES[code].heading: [shown(code, v) for v in rows[code]]
                for code in ("places", "pupils", "p_full")
            },
            "Basis": [
                f"{'Estimated' if b == 'estimated' else b.capitalize()}, {c} confidence"
                for b, c in zip(rows["basis"], rows["confidence"], strict=True)
            ],
        }
    )


def _placed(outcome: Outcome) -> pd.DataFrame:
    """Return residents placed and places now, with "All" phases."""
    now = outcome.shortfall
    frames = []
    for name, values, january in (
        ("placed", now.placed_now, outcome.placements.known_january),
        ("places", now.places_now, outcome.plans.origin),
    ):
        whole = summary.with_all(values).sel(provision=list(SPECIALIST_PROVISIONS))
        frames.append(whole.to_series().rename(name).reset_index().assign(january=january))
    return frames[0].merge(frames[1], how="outer", on=["phase", "provision", "january"])


def _settings(outcome: Outcome, frame: pd.DataFrame) -> pd.DataFrame:
    units = {u.name: u for u in outcome.shortfall.units}
    basis = outcome.register.rows.drop_duplicates("setting", keep="last").set_index("setting")["basis"]
    known = [units[str(n)] for n in frame["setting"]]
    return frame.assign(
        pupils=frame["places"] - frame["free_mean"],
        basis=[str(basis.get(u.setting, "estimated")) for u in known],
        confidence=[u.confidence for u in known],
        source=[u.source for u in known],
    )[["setting", "provision", "year", "places", "pupils", "p_full", "basis", "confidence", "source"]]


def begins_after(register: Register, january: int) -> pd.DataFrame:
    """Return register rows that begin after the academic year of a January."""
    return register.rows[register.rows["from_academic_year"] > academic_year(january)]


def settings_in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Return register rows as a table of text; "From" is the academic year in which a row begins."""
    needs = rows["needs"].map(
        lambda codes: (
            "All"
            if codes == ALL
            else ", ".join(NEEDS[c].lower() if c == "OTH" else c for c in codes.split(";"))
        )
    )
    years = [
        f"{first} on" if pd.isna(last) else f"{first} only" if last == first else f"{first} to {last}"
        for first, last in zip(rows["from_academic_year"], rows["to_academic_year"], strict=True)
    ]
    table = pd.DataFrame(
        {
            "Setting": rows["setting"],
            "Provision": rows["provision"].map(PROVISIONS),
            "Ages": rows["age_low"].astype("str") + " to " + rows["age_high"].astype("str"),
            "Needs": needs,
            "Places": rows["places"].map("{:,}".format),
            "Academic years": years,
            "Status": rows["status"].str.capitalize() + ", " + rows["located"].map(LOCATED).str.lower(),
            "Basis and confidence": rows["basis"].str.capitalize() + ", " + rows["confidence"],
            "Source": rows["source"],
        }
    )
    return table.reset_index(drop=True)


def basis_in_words(register: Register, january: int) -> pd.DataFrame:
    """Return the basis of the open and agreed places of one January, one row for each provision."""
    rows = in_force(register, january, statuses=("open", "agreed"))
    rows = rows[rows["provision"].isin(SPECIALIST_PROVISIONS)]
    count = rows.pivot_table(index="provision", columns="basis", values="places", aggfunc="sum", fill_value=0)
    count = count.reindex(
        index=list(SPECIALIST_PROVISIONS), columns=["published", "council", "estimated"], fill_value=0
    )
    total = count.sum(axis=1)
    share = count["estimated"].div(total.where(total > 0))
    return pd.DataFrame(
        {
            "Kind of place": [PROVISIONS[p] for p in count.index],
            "Places": [f"{n:,}" for n in total],
            "Published": [f"{n:,}" for n in count["published"]],
            "From the council": [f"{n:,}" for n in count["council"]],
            "Estimated": [f"{n:,}" for n in count["estimated"]],
            "Share estimated": ["no places" if pd.isna(s) else wording.per_cent(s) for s in share],
        }
    )
