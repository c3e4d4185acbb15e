"""The three futures on a page: their chart with its table and source, and what they mean in words."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from data.citations import SEN2
from forecast.presentation import futures as named
from forecast.presentation import wording
from forecast.ui.components import elements, results
from forecast.ui.components.charts import futures as futures_charts
from forecast.ui.frame.choices import BASELINE, Choices, origin, years
from forecast.ui.frame.shell import say
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import futures as view
from forecast.ui.views.common import Source, tidy


def chart(choices: Choices, plans: pd.DataFrame) -> None:
    """Show plans with the three futures, today's rates and the reform, to the last January chosen.

    Parameters
    ----------
    choices
        What is chosen.
    plans
        `forecast.ui.views.common.plans_frame`, of the forecast or of the scenario chosen.
    """
    futures, name = results.futures_of(choices), choices.area.name
    shown = tidy(plans, choices.last)
    paths = view.paths(futures, choices.last)
    elements.chart(
        futures_charts.three_futures(shown, paths, name, named.finding(futures, choices.last), origin()),
        view.table(shown, futures),
        f"EHC plans in {name} each January",
        Source(
            "EHC plans", f"each January to {choices.last}", f"80 % interval from January {years()[0]}", SEN2
        ),
        pd.concat([shown, paths], ignore_index=True),
        f"{choices.area.slug}-plans.csv",
    )


def meaning(choices: Choices) -> None:
    """Show what the three futures mean, in words: their plans, today's rates, the reform, and what the width rests on."""
    futures = results.futures_of(choices)
    say(literal(named.judgement(futures)))
    with st.expander(literal(named.headline(futures))):
        say(bullets(tuple(named.lines(futures))))
        say(literal(named.how_tagged(futures)))


def own_record(sentences: Sequence[str]) -> None:
    """Show own growth and the growth forecast and, where they are far apart, fold away why and how such cases went."""
    first, *rest = sentences
    say(literal(first))
    if rest:
        with st.expander("Why they differ, and how such cases went"):
            for sentence in rest:
                say(literal(sentence))


def scenario(choices: Choices) -> None:
    """Show the plans of the scenario chosen in each of the three futures, beside the forecast in the same."""
    if choices.scenario == BASELINE:
        return
    outcome, base = results.outcome_of(choices), results.baseline_of(choices).outcome
    elements.table(
        view.beside_forecast(outcome, base, choices.year),
        f"EHC plans in {choices.area.name} in each future, January {choices.year}: middle, and {wording.RANGE_OF_FUTURES}",
    )
    chart(choices, view.plans_of(outcome))
    futures = results.futures_of(choices)
    say(
        f"{literal(named.how_tagged(futures))} A draw is the same future with the scenario as without it: that of the forecast. "
        f"{literal(named.judgement(futures))}"
    )
