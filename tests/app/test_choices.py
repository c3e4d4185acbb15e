"""Choices in the address: what can be asked, what happens to what cannot, and that writing reads back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import areas
from data.vocabulary import ALL
from forecast.finance.balance import REGIMES
from forecast.presentation import compare
from forecast.ui.frame import choices
from forecast.ui.frame.choices import PARAMETERS, Choices
from forecast.ui.views.area_map import LAYERS
from scenarios import reading
from scenarios.unsaved import Unsaved, pack


def test_an_empty_address_asks_for_the_defaults() -> None:
    found, problems = choices.read({})
    assert problems == ()
    assert found.area.name == "Redbridge"
    assert (found.scenario, found.register, found.horizon, found.phase, found.need, found.year) == (
        "baseline", None, 10, ALL, ALL, choices.origin() + 5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("area", "Atlantis", "is not an English local authority"),
        ("area", "all", "one authority"),
        ("scenario", "no-such", "'no-such' is not a scenario that we know"),
        ("scenario", "our-plan@x", "is not a scenario that we know"),
        ("scenario", "~cut", "was cut or changed"),
        ("scenario", "../secret.yaml", "is not a scenario that we know"),
        ("compare", "baseline", "2 to 4 different"),
        ("compare", "baseline,baseline", "2 to 4 different"),
        ("compare", "baseline,no-such", "is not a scenario that we know"),
        ("measure", "joy", "not a measure"),
        ("register", "first", "not a version"),
        ("register", "-1", "not a version"),
        ("horizon", "4", "use 3, 5, 10 years"),
        ("phase", "nursery", "not a phase"),
        ("need", "XYZ", "not a primary need"),
        ("year", "2026", "from 2027 to 2036"),
        ("year", "2030.0", "from 2027 to 2036"),
        ("layer", "heat", "not a layer of the map"),
        ("prices", "new", "not a version of a list of unit costs"),
        ("candidates", "1.5", "not a version of a list of schemes"),
        ("counts", "last", "not a version of a file of counts"),
        ("regime", "nobody", "not a regime"),
        ("grant", "maybe", "not a grant"),
        ("budget", "20m", "whole pounds"),
        ("budget", "99999", "whole pounds"),
        ("reform", "100", "use 5, 10, 20"),
        ("sure", "81", "use 0, 50, 80, 90"),
        ("tour", "maybe", "use one of off, on"),
        ("made", "last year", "write a year"),
    ],
)
def test_what_cannot_be_used_is_said_plainly_and_the_default_stands(name: str, text: str, says: str) -> None:
    found, problems = choices.read({name: text})
    assert len(problems) == 1
    assert says in problems[0]
    assert "Showing " in problems[0]
    assert found == choices.read({})[0]


def test_every_problem_is_told_and_what_is_right_is_kept() -> None:
    found, problems = choices.read({"year": "1999", "need": "asd", "phase": "x"})
    assert len(problems) == 2
    assert found.need == "ASD"


@given(
    st.builds(
        Choices,
        area=st.sampled_from(areas.current()),
        scenario=st.sampled_from(["baseline", "reform-2030"]),
        register=st.sampled_from([None, 0, 1, 27]),
        horizon=st.sampled_from(choices.HORIZONS),
        phase=st.sampled_from(sorted(choices.PHASE_OPTIONS)),
        need=st.sampled_from(sorted(choices.NEED_OPTIONS)),
        year=st.sampled_from(choices.years()),
        layer=st.sampled_from(choices.LAYERS),
        compare=st.lists(
            st.sampled_from(["baseline", "low-births", "reform-2030", "flat-funding"]),
            min_size=2,
            max_size=4,
            unique=True,
        ).map(tuple),
        measure=st.sampled_from(choices.MEASURES),
        prices=st.sampled_from([None, 0, 3]),
        candidates=st.sampled_from([None, 0, 1]),
        counts=st.sampled_from([None, 0, 2]),
        regime=st.sampled_from(sorted(choices.REGIMES)),
        grant=st.sampled_from(sorted(choices.GRANTS)),
        budget=st.one_of(st.none(), st.integers(choices.LEAST_BUDGET, choices.MOST_BUDGET)),
        sure=st.sampled_from(choices.SURE),
        reform=st.sampled_from(choices.REFORM),
        tour=st.sampled_from([choices.LEFT, choices.TAKEN]),
        made=st.just(choices.origin()),
    )
)
def test_what_is_written_reads_back(asked: Choices) -> None:
    assert choices.read(choices.write(asked)) == (asked, ())


def test_defaults_are_left_out_of_the_address_but_the_authority_is_not() -> None:
    assert choices.write(choices.read({})[0]) == {"area": "E09000026"}


@given(st.dictionaries(st.sampled_from(list(PARAMETERS)), st.text(max_size=20)))
def test_no_address_is_an_error(address: dict[str, str]) -> None:
    found, problems = choices.read(address)
    assert isinstance(found, Choices)
    assert all(isinstance(p, str) for p in problems)


def test_layers_of_the_map_are_those_it_draws() -> None:
    assert tuple(LAYERS) == choices.LAYERS


def test_regimes_are_those_balances_are_worked_out_under() -> None:
    assert set(choices.REGIMES) == set(REGIMES)


def test_measures_of_the_chart_are_those_scenarios_are_compared_on() -> None:
    assert set(choices.MEASURES) <= set(compare.MEASURES)


def test_a_scenario_that_nobody_kept_is_in_the_address_itself() -> None:
    text = pack(Unsaved(reading.find("pre-reform-surge"), 3))
    found, problems = choices.read(
        {"scenario": text, "compare": f"baseline,{text}", "made": str(choices.origin())}
    )
    assert problems == ()
    assert found.scenario == text
    assert found.compare == ("baseline", text)
