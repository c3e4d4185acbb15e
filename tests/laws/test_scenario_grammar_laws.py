"""Whatever a scenario says: reading it never crashes, writing it loses nothing, and sizes, order and schemes keep their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from data.errors import ScenarioError
from data.registers.register import Register, frame, records
from data.vocabulary import AGES, NEED_CODES, PHASE_CODES, PROVISION_CODES, SPECIALIST_PROVISIONS
from scenarios.applying import apply_schemes, effects, notes
from scenarios.effects import Change, Effects, Frame, apply_changes, everyone
from scenarios.levers import KINDS, describe
from scenarios.plan_levers import REASONS
from scenarios.reading import LIBRARY, from_values, library, parse, to_yaml
from scenarios.sampling import Scale, draw_uniforms, quantile
from scenarios.scenario import Scenario
from scenarios.terms import Interval, draw_size

FRAME = Frame(la_code=317, origin=2025, years=6, draws=8)
TEXTS = [path.read_text(encoding="utf-8") for path in sorted(LIBRARY.glob("*.yaml"))]

# --- sound scenarios, whatever they say ------------------------------------------------------------------------------

years = st.integers(2025, 2040)
words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
factors = st.floats(0, 10).map(lambda v: round(v, 4))
shares = st.floats(0, 1).map(lambda v: round(v, 4))


def interval(ends: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    pair = st.tuples(ends, ends).map(sorted)
    return st.one_of(ends, pair.map(lambda p: {"low": p[0], "high": p[1]}))


@st.composite
def times(draw: st.DrawFn) -> Any:
    first, length = draw(years), draw(st.integers(0, 10))
    ramp = draw(st.integers(1, length + 1))
    bounded: dict[str, int] = {"from": first, "until": first + length, "ramp": ramp}
    return draw(
        st.sampled_from(
            [first, f"{first}..", f"{first}..{first + length}", bounded, {"from": first, "ramp": ramp}]
        )
    )


def some(codes: Any) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(list(codes)), min_size=1, max_size=4)


people = st.fixed_dictionaries(
    {},
    optional={
        "needs": some(NEED_CODES),
        "ages": st.lists(
            st.one_of(st.integers(0, 25), st.sampled_from(["5-10", "16-25"])), min_size=1, max_size=3
        ),
        "areas": st.sampled_from([["Redbridge"], ["Barnet", 317], "E09000026"]),
    },
)


def said(
    kind: str, change: st.SearchStrategy[Any], **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"kind": st.just(kind), "why": words, "when": times(), "change": change} | more,
        optional={
            "owner": words,
            "evidence": st.lists(words, min_size=1, max_size=2),
            "status": st.sampled_from(["agreed"]),
        },
    )


levers = st.one_of(
    said("requests", interval(factors), who=people),
    said("joiners", interval(factors), who=people),
    said("refusal", interval(shares), who=people),
    said("leavers", interval(factors), who=people, reasons=st.lists(st.sampled_from(list(REASONS)), max_size=3)),
    said("timeliness", interval(shares), weeks_late=st.floats(0, 200)),
    said("reassessment", interval(shares), protects=some(PROVISION_CODES)),
    said(
        "placement", interval(shares), **{"from": st.just("inmss"), "to": st.sampled_from(["mainstream", "ehe"]),
        "moment": st.sampled_from(["joining", "any_year"]), "who": people},
    ),
    said("population", interval(factors)),
    said("imports", interval(st.floats(-50, 50))),
    said("inflation", interval(st.floats(-0.1, 0.1))),
)  # fmt: skip

scenarios = st.builds(
    lambda title, note, listed: Scenario.model_validate(
        {"id": "any", "title": title, "note": note, "levers": listed}
    ),
    words,
    st.text(st.characters(exclude_categories=["C"]), max_size=60),
    st.lists(levers, max_size=4),
)


@settings(max_examples=1500)
@given(scenarios)
def test_what_is_written_says_the_same_when_read_again(scenario: Scenario) -> None:
    again = parse(to_yaml(scenario), "again.yaml")
    assert again == scenario
    assert again.key == scenario.key
    assert Scenario.model_validate_json(scenario.model_dump_json()).key == scenario.key
    assert Scenario.model_validate(scenario.model_dump()).key == scenario.key


@settings(max_examples=100)
@given(scenarios, st.integers(0, 2**32 - 1))
def test_effects_depend_on_the_scenario_the_frame_and_the_seed_only(scenario: Scenario, seed: int) -> None:
    one, two = (effects(scenario, FRAME, seed) for _ in range(2))
    for name in vars(one):
        for a, b in zip(getattr(one, name), getattr(two, name), strict=True):
            for field, value in vars(a).items():
                assert np.array_equal(value, getattr(b, field)), (name, field)
    assert all(describe(lever).endswith(".") for lever in scenario.levers)
    assert all(note.endswith(".") for note in notes(scenario, FRAME))


@settings(max_examples=100)
@given(scenarios, st.integers(0, 99))
def test_weights_masks_and_sizes_have_the_dims_of_the_frame(scenario: Scenario, seed: int) -> None:
    result = effects(scenario, FRAME, seed)
    for change in (
        *result.requests,
        *result.joiner_rate,
        *result.refusal,
        *result.leaver_hazard,
        *result.residents,
    ):
        assert change.size.shape == (FRAME.draws,)
        assert change.weight.shape == (FRAME.years,)
        assert change.who.shape == (len(AGES), len(NEED_CODES))
        assert ((change.weight >= 0) & (change.weight <= 1)).all()
        assert change.weight.any()
        assert np.isfinite(change.size).all()
    for share in (
        *(m.share for m in result.moves),
        *(r.share for r in result.reviews),
        *(c.size for c in result.sooner),
    ):
        assert ((share >= 0) & (share <= 1)).all()


# --- the order of levers ---------------------------------------------------------------------------------------------

BASE = np.random.default_rng(0).uniform(1, 100, (FRAME.draws, FRAME.years, len(AGES)))


@settings(max_examples=80)
@given(
    st.lists(
        said("joiners", interval(factors), who=people, id=st.uuids().map(lambda u: f"a{u.hex}")), max_size=4
    ),
    st.randoms(),
)
def test_levers_that_multiply_may_be_listed_in_any_order(listed: list[dict[str, Any]], random: Any) -> None:
    mixed = random.sample(listed, len(listed))
    one, two = (
        apply_changes(
            BASE,
            effects(Scenario.model_validate({"id": "a", "title": "a", "levers": each}), FRAME, 5).joiner_rate,
        )
        for each in (listed, mixed)
    )
    np.testing.assert_allclose(one, two, rtol=1e-12)


def test_no_effects_leave_a_quantity_as_it_was() -> None:
    assert apply_changes(BASE, Effects().joiner_rate) is BASE
    idle = Change("multiply", np.full(FRAME.draws, 3.0), np.zeros(FRAME.years), everyone())
    assert np.array_equal(apply_changes(BASE, (idle,)), BASE)


# --- drawn sizes -----------------------------------------------------------------------------------------------------

LUCK = draw_uniforms("a lever", 11, 4_000)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[float, float, Scale]:
    scale = draw(st.sampled_from(["factor", "share", "amount"]))
    ends = {"factor": st.floats(0.01, 10), "share": st.floats(0.01, 0.99), "amount": st.floats(-1e6, 1e6)}[
        scale
    ]
    low, high = sorted((draw(ends), draw(ends)))
    return low, high, scale


@given(intervals())
def test_one_draw_in_ten_is_below_low_and_one_above_high(case: tuple[float, float, Scale]) -> None:
    low, high, scale = case
    slack = 1e-9 * (1 + abs(low) + abs(high))
    assume(high - low > 1e3 * slack)
    values = quantile(low, high, scale, LUCK)
    assert abs((values < low - slack).mean() - 0.1) < 0.02
    assert abs((values > high + slack).mean() - 0.1) < 0.02


@given(intervals(), st.floats(0, 1))
def test_a_higher_end_never_lowers_the_draws_it_governs(
    case: tuple[float, float, Scale], step: float
) -> None:
    low, high, scale = case
    most = {"factor": 10.0, "share": 0.99, "amount": 1e6}[scale]
    values, slack = quantile(low, high, scale, LUCK), 1e-9 * (1 + abs(low) + abs(high))
    raised = quantile(low, high + step * (most - high), scale, LUCK)
    assert (raised >= values - slack)[LUCK >= 0.1].all()
    narrowed = quantile(low + step * (high - low), high, scale, LUCK)
    assert (narrowed >= values - slack)[LUCK <= 0.9].all()


@given(st.floats(0.01, 5), st.floats(1, 2), st.floats(1, 3))
def test_ends_moved_alike_move_every_draw_alike(low: float, width: float, by: float) -> None:
    before, after = (
        draw_size(Interval(low=low * k, high=low * width * k), "factor", "x", 3, 500) for k in (1.0, by)
    )
    np.testing.assert_allclose(after, before * by, rtol=1e-9)


@given(intervals())
def test_more_luck_is_never_less(case: tuple[float, float, Scale]) -> None:
    assert (np.diff(quantile(*case, np.sort(LUCK))) >= 0).all()


# --- schemes ---------------------------------------------------------------------------------------------------------


@st.composite
def registers(draw: st.DrawFn) -> Register:
    count = draw(st.integers(1, 4))
    rows = [
        {
            "setting": f"School {i}", "provision": draw(st.sampled_from(SPECIALIST_PROVISIONS)),
            "needs": draw(st.sampled_from(["All", "ASD", "ASD;SLCN"])), "age_low": 4, "age_high": draw(st.integers(4, 18)),
            "from_academic_year": "2023/24", "places": draw(st.integers(0, 200)), "located": "local",
            "to_academic_year": draw(st.sampled_from([None, "2035/36"])), "status": "open", "basis": "published",
            "confidence": "high", "source": "a source", "note": None,
        }
        for i in range(count)
    ]  # fmt: skip
    return Register(la_code=317, rows=frame(rows), origin="made up")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    registers(),
    st.sampled_from(["open", "expand", "close", "redesignate"]),
    st.integers(2025, 2034),
    st.integers(0, 300),
)
def test_a_scheme_leaves_all_other_rows_and_the_register_given_as_they_were(
    register: Register, action: str, year: int, places: int
) -> None:
    scheme: dict[str, Any] = {
        "kind": "scheme",
        "why": "x",
        "action": action,
        "when": year,
        "setting": "School 0",
    }
    if action == "open":
        scheme |= {"setting": "New", "provision": "state_special", "ages": "4-10"}
    if action == "redesignate":
        scheme |= {"needs": ["SEMH"]}
    if action in ("open", "expand"):
        scheme |= {"places": places}
    before = register.rows.copy(deep=True)
    scenario = Scenario.model_validate({"id": "a", "title": "a", "levers": [scheme]})
    after = apply_schemes(register, scenario, FRAME)
    pd.testing.assert_frame_equal(register.rows, before)
    touched = {"close": ["School 0"], "redesignate": ["School 0"]}.get(action, [])
    untouched = [r for r in records(before) if r["setting"] not in touched]
    kept = records(after.rows)
    assert [r for r in kept if r["setting"] not in touched][: len(untouched)] == untouched
    if action in ("open", "expand"):
        assert sum(r["places"] for r in kept) == sum(r["places"] for r in untouched) + places


# --- reading anything ------------------------------------------------------------------------------------------------

KEYS = sorted(
    {
        "id",
        "title",
        "note",
        "levers",
        "based_on",
        "areas",
        "policy_date",
        "caveats",
        "from",
        "to",
        "until",
        "ramp",
        "low",
        "high",
    }
    | {name for cls in KINDS.values() for name in cls.model_fields}
    | {"needs", "ages", "phases", "provisions", "settings", "name", "homes", "built", "tenure", "yields"}
)
TOKENS = [
    *KEYS, *KINDS, *NEED_CODES, *PHASE_CODES, "&a", "*a", "!!x", "!", "---", "...", "%YAML 9.9", "? ", ": ", "- ", "[", "]", "{",
    "}", "|", ">", "'", '"', "#", "\t", "\n", "\n  ", "\n    ", "\x00", "\ufeff", "\x85", "\u2028", "\ud800", "🙂", "\\UFFFFFFFF",
    '"\\x', "2027..2030", "2030..2027", "1e999", ".inf", ".nan", "-0", "0x1F", "1" * 40, "~", "null", "true", "2026-13-45",
    "@", "`",
]  # fmt: skip
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2000, 2070),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(TOKENS),
)
structures = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text(max_size=4)), inner, max_size=5),
    ),
    max_leaves=25,
)


@st.composite
def spoilt_levers(draw: st.DrawFn) -> dict[str, Any]:
    lever = dict(draw(levers))
    for key in draw(
        st.lists(st.one_of(st.sampled_from(sorted(lever)), st.sampled_from(KEYS)), min_size=1, max_size=3)
    ):
        lever[key] = draw(structures)
    return lever


nearly = st.fixed_dictionaries(
    {"id": st.just("a"), "title": st.just("A"), "levers": st.lists(spoilt_levers(), min_size=1, max_size=3)},
    optional={"note": structures, "areas": structures, "policy_date": structures, "based_on": structures},
)


@st.composite
def spoilt_texts(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        change = draw(st.sampled_from(["insert", "delete", "repeat", "replace"]))
        piece = (
            text[start:end]
            if change == "repeat"
            else draw(st.one_of(st.sampled_from(TOKENS), st.text(max_size=4)))
        )
        text = (
            text[:start]
            + ("" if change == "delete" else piece)
            + text[start if change in ("insert", "repeat") else end :]
        )
    return text


def dumped(value: Any) -> str:
    try:
        return yaml.safe_dump(value, allow_unicode=True)
    except UnicodeError:
        return repr(value)


anything = st.one_of(
    spoilt_texts(),
    nearly.map(dumped),
    structures.map(dumped),
    st.lists(st.sampled_from(TOKENS), max_size=30).map("".join),
    st.text(max_size=200),
)


def only_the_documented_error(text: str) -> None:
    scenario, message = None, ""
    try:
        scenario = parse(text, "any.yaml")
    except ScenarioError as error:
        message = str(error)
    if scenario is not None:
        assert parse(to_yaml(scenario), "again") == scenario
    else:
        assert "'any.yaml' has" in message
        assert "nothing was changed" in message
        assert len(message) < 20_000


@settings(max_examples=1_000, suppress_health_check=list(HealthCheck))
@given(anything)
def test_reading_anything_gives_a_scenario_or_the_documented_error(text: str) -> None:
    only_the_documented_error(text)


@pytest.mark.slow
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(anything)
def test_reading_ten_thousand_texts_gives_scenarios_or_the_documented_error(text: str) -> None:
    only_the_documented_error(text)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.one_of(structures, nearly))
def test_values_of_a_form_give_a_scenario_or_the_documented_error(values: Any) -> None:
    try:
        scenario = from_values(values, "form")
    except ScenarioError as error:
        message = str(error)
    else:
        message = ""
        assert parse(to_yaml(scenario), "again").key == scenario.key
    assert not message or "'form' has" in message


def test_reading_the_library_again_gives_the_library() -> None:
    again = [parse(text, "x") for text in TEXTS]
    assert {s.id: s.key for s in again} == {name: s.key for name, s in library().items()}
