"""The capital paper: its sections, its honesty, and figures that are those of the model's tables."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import docx
import pytest
import xarray as xr
from docx.document import Document
from docx.oxml.ns import qn

from data.formatting import exact_pounds
from data.vocabulary import ALL
from forecast.core.outcome import Outcome
from forecast.presentation import (
    capital_tables,
    describe,
    money_report,
    money_tables,
    places_report,
    record,
    wording,
)
from forecast.presentation.published_figures import FIGURES, in_table
from forecast.reports import capital_report, money
from forecast.reports.background import Made, terms
from forecast.reports.capital_report import Content
from forecast.reports.document import MISSING, About
from forecast.reports.options import base_comparison, programme, schemes, sections
from forecast.reports.options.interval import Spread
from forecast.reports.sufficiency import Need
from forecast.runs.baseline import Baseline
from tests import made_case
from tests.made_case import in_share_of_draws

SECTIONS = [
    "Summary",
    "How many plans, in three futures",
    "Need and places",
    "Where children who are short go",
    "Options",
    "Programme",
    "High needs balance",
    "Risks",
    "Assumptions",
    "Sources and dates",
    "Terms",
    "How this paper was made",
]


DRAWS = 100


@pytest.fixture(scope="module")
def outcome(baseline_of: Callable[..., Baseline]) -> Outcome:
    return baseline_of(317, years=5, draws=DRAWS).outcome


@pytest.fixture(scope="module")
def need(outcome: Outcome) -> Need:
    return Need.of(outcome)


@pytest.fixture(scope="module")
def full(outcome: Outcome, need: Need) -> Content:
    made = Made("sendplan report capital Redbridge", record.provenance(outcome, {}))
    return Content(need, made_case.case(outcome), made_case.balance(outcome), made)


@pytest.fixture(scope="module")
def bare(full: Content) -> Content:
    return replace(full, case=None, balance=None)


def about(need: Need) -> About:
    title, under = capital_report.title_of(need)
    return About(
        title, under, "An officer", need.name, "January 2025", "send-place-planner 0", date(2025, 7, 1)
    )


def opened(content: Content) -> Document:
    return docx.Document(io.BytesIO(capital_report.capital_paper(content, about(content.need)).as_bytes()))


def text_of(paper: Document) -> str:
    cells = [c.text for t in paper.tables for r in t.rows for c in r.cells]
    return "\n".join([*(p.text for p in paper.paragraphs), *cells])


@pytest.fixture(scope="module")
def paper(full: Content) -> Document:
    return opened(full)


@pytest.mark.parametrize("kind", ["full", "bare"])
def test_sections_come_in_order_with_or_without_schemes(kind: str, request: pytest.FixtureRequest) -> None:
    found = opened(request.getfixturevalue(kind))
    assert [p.text for p in found.paragraphs if p.style and p.style.name == "Heading 1"] == SECTIONS


def test_every_table_and_picture_has_a_caption_and_every_picture_says_what_it_shows(paper: Document) -> None:
    captions = [p.text for p in paper.paragraphs if p.style and p.style.name == "Caption"]
    tables = [c for c in captions if c.startswith("Table ")]
    figures = [c for c in captions if c.startswith("Figure ")]
    assert len(tables) == len(paper.tables) > 10
    assert len(figures) == len(paper.inline_shapes) == 7
    for kind, named in (("Table", tables), ("Figure", figures)):
        assert [c.split(":")[0] for c in named] == [f"{kind} {n + 1}" for n in range(len(named))]
    said = [s._inline.docPr.get("descr") for s in paper.inline_shapes]
    assert all(len(s) > 60 for s in said)
    assert len(set(said)) == len(said)


def test_a_caption_stands_before_each_table(paper: Document) -> None:
    body = list(paper.element.body)
    for n, part in enumerate(body):
        if part.tag == qn("w:tbl"):
            assert body[n - 1].pPr.pStyle.val == "Caption"


def test_no_cell_is_empty_or_not_a_number(paper: Document) -> None:
    cells = [c.text for t in paper.tables for r in t.rows for c in r.cells]
    assert not [c for c in cells if not c.strip() or c in MISSING]
    assert not re.search(r"\b(nan|NaN|None|inf)\b", text_of(paper))


def test_nothing_is_certain(paper: Document) -> None:
    assert not re.search(
        r"100 in 100|10 chances in 10|\b10 in 10|(?<!almost )certain \(|\bnever needed\b", text_of(paper)
    )


def test_places_by_kind_are_those_of_the_table_of_shortfalls(need: Need, paper: Document) -> None:
    (grid,) = [t for t in paper.tables if t.rows[0].cells[0].text == "Phase and kind of place"]
    short = need.tables.shortfall
    for row, kind in zip(grid.rows[1:], need.kinds(), strict=True):
        cell = short[
            (short["year"] == need.lead)
            & (short["phase"] == kind[0])
            & (short["provision"] == kind[1])
            & (short["need_group"] == ALL)
        ].iloc[0]
        assert row.cells[1].text == in_table("specialist_wanted", cell.to_dict(), "wanted_")
        assert row.cells[2].text == wording.count(float(cell["places"]))
        assert row.cells[3].text == wording.count(float(cell["shortfall_q50"]))


def test_where_children_go_is_the_table_of_the_places_command(need: Need, paper: Document) -> None:
    (grid,) = [t for t in paper.tables if t.rows[0].cells[0].text == "Where they go"]
    frame = places_report.overflow_table(need.outcome, need.tables)
    told = [[c.text for c in r.cells] for r in grid.rows[1:]]
    assert told == frame.to_numpy().tolist()


def test_the_problem_says_the_totals_with_their_intervals(need: Need) -> None:
    found = capital_report.sufficiency.problem(need)
    short = need.outcome.shortfall.short.sel(january=need.lead).sum(("provision", "phase", "need_group"))
    low, middle, high = (float(short.quantile(q)) for q in (0.1, 0.5, 0.9))
    assert in_table("shortfall", {"q10": low, "q50": middle, "q90": high}) in found
    assert f"{int(need.outcome.plans.known.sum()):,}" in found


def test_schemes_are_told_where_they_are_built(full: Content, paper: Document) -> None:
    case = full.case
    assert case is not None
    (grid,) = [t for t in paper.tables if FIGURES["p_saves"].label in [c.text for c in t.rows[0].cells]]
    assert [r.cells[0].text for r in grid.rows[1:]] == [a.candidate.title for a in case.appraisals]
    for row, one in zip(grid.rows[1:], case.appraisals, strict=True):
        assert row.cells[3].text == Spread.of("npv", one.npv).in_table()
    assert [r.cells[5].text for r in grid.rows[1:]][-1] == "not paid back"


def test_draws_in_which_a_scheme_is_never_built_do_not_count_in_what_it_does_alone(full: Content) -> None:
    case = full.case
    assert case is not None
    one = case.appraisals[0]
    never = xr.DataArray([n % 2 == 0 for n in range(one.npv.sizes["draw"])], dims="draw")
    slipped = replace(
        one,
        capital=one.capital.where(~never, 0.0),
        places=one.places.where(~never, 0.0),
        seats=one.seats.where(~never, 0.0),
        npv=one.npv.where(~never, 0.0),
        payback=one.payback.where(~never),
    )
    table = schemes.alone(replace(case, appraisals=(slipped,))).frame
    assert table[FIGURES["npv"].label][0] == Spread.of("npv", one.npv[1::2]).in_table()
    assert (
        table["Children seated"][0]
        == Spread.of("seats", one.seats.sel(january=case.january)[1::2]).in_table()
    )
    assert table["Payback"][0] != "not paid back"
    gone = replace(slipped, capital=0 * one.capital, places=0 * one.places, payback=one.payback.where(False))
    table = schemes.alone(replace(case, appraisals=(gone,))).frame
    assert table.iloc[0, 1:].tolist() == [
        "not open then",
        "not open then",
        "never built",
        "never built",
        "never built",
    ]


def test_the_recommendation_is_the_chosen_programme_with_its_cost(full: Content) -> None:
    said = capital_report.recommendation(full)
    case = full.case
    assert case is not None
    assert said.startswith("Agree to build 'North secondary base' and 'Hill school expansion': 100 places")
    assert Spread.of("build_cost", case.programme.cost).in_sentence() in said


def test_model_schemes_are_a_brief_and_not_a_decision(outcome: Outcome, full: Content) -> None:
    found = replace(full, case=made_case.case(outcome, generic=True))
    assert "not a decision to build" in capital_report.recommendation(found)
    sure = capital_report.confidence(found)
    assert sure is not None
    assert sure.level == "low"
    assert "Nobody has proposed these schemes" in text_of(opened(found))


def test_without_schemes_or_balance_the_paper_says_so_and_recommends_nothing(bare: Content) -> None:
    said = text_of(opened(replace(bare, why_no_case="Too many candidates.")))
    assert sections.NOT_GIVEN in said
    assert "could not be appraised. Too many candidates." in said
    assert money.NOT_YET in said
    assert "recommends none" in capital_report.recommendation(bare)
    assert capital_report.confidence(bare) is None


def test_an_empty_programme_is_not_a_programme(full: Content) -> None:
    assert full.case is not None
    found = replace(full, case=made_case.nothing(full.case))
    assert "Do not commit" in capital_report.recommendation(found)
    assert capital_report.confidence(found) is None
    assert "None of these schemes is in the best programme" in text_of(opened(found))


def test_confidence_is_high_only_when_nothing_is_soft(full: Content) -> None:
    case = full.case
    assert case is not None
    sure = capital_report.confidence(full)
    assert sure is not None
    assert sure.level == "high"
    assert "a step and not the whole answer" in " ".join(sure.reasons)
    untried = capital_report.confidence(replace(full, case=replace(case, regret=None)))
    assert untried is not None
    assert untried.level == "medium"
    loss = replace(case.programme, npv=-1.0 - abs(case.programme.npv), p_sufficient=0.1)
    losing = capital_report.confidence(replace(full, case=replace(case, programme=loss)))
    assert losing is not None
    assert losing.level == "low"


def test_a_programme_that_loses_money_is_said_to_buy_places(full: Content) -> None:
    case = full.case
    assert case is not None
    loss = replace(case, programme=replace(case.programme, npv=-abs(case.programme.npv)))
    assert "what it buys is places, not savings" in programme.cost_line(loss)
    assert any(
        x.startswith("Value: savings would have to be worth")
        for x in capital_report.minds(replace(full, case=loss))
    )


def test_a_scheme_that_would_stand_empty_is_looked_at_again(full: Content) -> None:
    case = full.case
    assert case is not None
    assert programme.doubtful(case) == []
    empty = tuple(
        replace(a, seats=0.1 * a.seats) if a.candidate.kind == "base" else a for a in case.appraisals
    )
    (line,) = programme.doubtful(replace(case, appraisals=empty))
    assert line.startswith("'North secondary base' (")
    assert "of 30 places would stand empty" in line
    assert "Look at these again first" in text_of(opened(replace(full, case=replace(case, appraisals=empty))))


def test_a_special_school_that_bases_could_replace_is_said_to_be_so(full: Content) -> None:
    case = full.case
    assert case is not None
    tests = (
        replace(case.base_comparisons[0], all_in_bases=in_share_of_draws(DRAWS, 0.9)),
        *case.base_comparisons[1:],
    )
    lines = base_comparison.base_lines(replace(case, base_comparisons=tests))
    assert programme.doubtful(replace(case, base_comparisons=tests)) == [
        "'Hill school expansion' (bases could probably do its work)"
    ]
    assert "Build bases first" in lines[0]
    assert "no base option serves the same ages and needs" in lines[1]


def test_many_special_schools_that_bases_cannot_replace_are_told_in_one_sentence(full: Content) -> None:
    case = full.case
    assert case is not None
    one = case.base_comparisons[0]
    lines = base_comparison.base_lines(
        replace(
            case, base_comparisons=(replace(one, all_in_bases=in_share_of_draws(DRAWS, 0.9)), *(6 * (one,)))
        )
    )
    assert len(lines) == 2
    assert "each of the other 6 special school options" in lines[1]


def test_a_special_school_is_set_against_bases_only_where_it_would_seat_a_child(full: Content) -> None:
    case = full.case
    assert case is not None
    test = case.base_comparisons[0]
    odd = xr.DataArray([n % 2 == 1 for n in range(test.children.sizes["draw"])], dims="draw")
    half = replace(test, children=xr.where(odd, 10.0, 0.0), in_bases=test.in_bases.where(odd))
    assert base_comparison.base_table(replace(case, base_comparisons=(half,))).frame[
        "Children it would seat"
    ].tolist() == ["10"]
    nowhere = test.in_bases.where(False)
    none = replace(test, children=0 * test.children, in_bases=nowhere, all_in_bases=nowhere)
    found = replace(case, base_comparisons=(none,))
    assert base_comparison.base_table(found).frame["Children it would seat"].tolist() == ["nobody then"]
    assert "would seat nobody" in base_comparison.base_lines(found)[0]


def test_the_balance_is_that_of_the_balance_table(full: Content, paper: Document) -> None:
    assert full.balance is not None
    (grid,) = [t for t in paper.tables if t.rows[0].cells[0].text == "Financial year"]
    last = describe.single(full.balance.better_by.isel(financial_year=-1))
    assert grid.rows[-1].cells[3].text == money_report.change_in_table("closing", last)
    rows = money_tables.balance_rows(full.balance.unmitigated).query("line == 'closing'")
    assert [r.cells[1].text for r in grid.rows[1:]] == [
        in_table("closing", {"mean": r["mean_pence"] / 100, "q10": r["q10_gbp"], "q90": r["q90_gbp"]})
        for r in rows.to_dict("records")
    ]
    assert "not settled in law" in text_of(paper)


def test_the_paper_says_the_pounds_of_the_command_in_the_same_words(full: Content, paper: Document) -> None:
    case = full.case
    assert case is not None
    said, command = text_of(paper), " ".join(capital_tables.sentences(case))
    for code, draws in (("build_cost", case.programme.cost), ("npv", case.programme.npv)):
        assert Spread.of(code, draws).in_sentence() in said
        assert Spread.of(code, draws).in_sentence() in command
    assert exact_pounds(case.programme.budget or 0) in said
    assert exact_pounds(case.programme.budget or 0) in command


def test_many_schemes_are_told_by_kind(full: Content) -> None:
    several = [made_case.candidate(f"base-{n}") for n in range(5)]
    assert schemes.named(several[:2]) == "'Base 0' and 'Base 1'"
    assert schemes.named([*several, made_case.candidate("s", "new_special")]) == (
        "6 schemes (5 specialist bases and 1 new special school)"
    )


def test_the_same_content_is_the_same_paper(full: Content) -> None:
    first, second = (capital_report.capital_paper(full, about(full.need)).as_bytes() for _ in range(2))
    assert first == second


def test_other_inputs_have_another_fingerprint(full: Content) -> None:
    given = full.made.record
    other = {**given, "capacity_register": {**given["capacity_register"], "sha256": "0" * 64}}
    assert Made("x", other).data_hash != full.made.data_hash == Made("y", given).data_hash


def test_terms_are_in_order() -> None:
    listed = terms().frame["Term"].tolist()[2:]
    assert listed == sorted(listed, key=str.lower)


def test_an_authority_with_an_estimated_register_says_so(baseline_of: Callable[..., Baseline]) -> None:
    kent = baseline_of(886, years=5, draws=DRAWS).outcome
    content = Content(Need.of(kent), None, None, Made("x", record.provenance(kent, {})))
    said = text_of(opened(content))
    assert "are estimates" in said
    assert "Give the council's own register" in said
