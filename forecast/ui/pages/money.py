"""Money: high needs cost, income and balance, who bears a deficit, why cost changes, and the prices behind it."""

import streamlit as st

from data.errors import HistoryError
from forecast.ui import (
    components,
    controls,
    money_charts,
    results,
    scenario_draft,
    shell,
    unit_cost_desk,
)
from forecast.ui.choices import BASELINE
from forecast.ui.national import zipped
from forecast.ui.text import bullets, plain
from forecast.ui.views import money as told
from forecast.ui.views.common import Source

choices = controls.current()
area, name, year = choices.area, choices.area.name, choices.year
try:
    with st.spinner(f"Costing {name}"):
        view = results.pounds(told.money, choices)
except HistoryError as error:
    st.header("Pounds cannot be forecast here", anchor=False)
    st.info(plain(str(error)))
    raise shell.EndOfPage from None
shell.scenario_banner(choices)

components.headline(
    view.headline,
    "Pounds of each financial year; a deficit is minus. About 8 in 10 futures fall inside each range. "
    "Not a budget, an outturn or a return.",
)
with st.container(horizontal=True):
    controls.scenario(choices, scenario_draft.listed(choices))
    controls.financial_year(choices)
    controls.regime(choices)
    controls.grant(choices)

st.header(f"Four figures of {told.label_of(year)}", anchor=False)
components.measures(view.measures[year])

forecast = f"Forecast from January {min(view.measures) - 1}"
source = Source(
    "Pounds of each financial year (nominal)",
    f"31 March {min(view.measures)} to {max(view.measures)}. {forecast}",
    "Average, and the range that holds 80 % of futures",
    told.S251,
    told.ESTIMATED,
)
st.header("Balance at 31 March", anchor=False)
balance = view.balance[view.balance["january"] <= choices.last]
components.chart(
    money_charts.balance(balance, name, view.override),
    told.balance_text(balance),
    f"High needs balance of {name} at 31 March",
    source,
    balance,
    f"{area.slug}-balance-at-31-march.csv",
)
components.strip(view.deficit, "Chance that the balance is a deficit at 31 March")
with st.expander("Who bears a deficit after the override: the balance under each way"):
    components.table(
        view.regimes,
        f"Balance of {name} at 31 March, by who bears deficits and whether the stability grant is paid",
    )
    shell.say(
        "Nobody has decided who bears deficits after 31 March 2028, so each way is shown. The figures above take "
        "the one "
        "chosen at the head of the page."
    )
if view.difference is not None:
    with st.expander("What the scenario changes, year by year", expanded=True):
        components.table(
            view.difference, f"{name}: with the scenario, against {told.WITHOUT.lower()}, future by future"
        )
        components.table(
            told.why_text(view.why_scenario[year]),
            f"Why cost differs in {told.label_of(year)}, averages and range of the sum",
        )

st.header("Cost and income", anchor=False)
flows = view.flows[view.flows["january"] <= choices.last]
components.chart(
    money_charts.flows(flows, name, min(year, choices.last)),
    told.flows_text(flows),
    f"High needs cost and income of {name}",
    source,
    flows,
    f"{area.slug}-cost-and-income.csv",
)
with st.expander("Cost, income, in year and balance in one table"):
    components.table(view.by_year, f"High needs of {name} by financial year")

st.header("Lines of cost", anchor=False)
first = min(view.measures)
largest = told.largest(view, year)
components.chart(
    money_charts.cost_lines(largest, name, year, first),
    told.lines_text(view, year),
    f"Every line of cost of {name} in {told.label_of(year)}",
    source,
    view.lines,
    f"{area.slug}-cost-lines.csv",
)

st.header("Why cost changes", anchor=False)
if year == first:
    shell.say(f"{told.label_of(first)} is the first year; choose a later one to see why its cost differs.")
else:
    components.chart(
        money_charts.why(told.steps(view, year), name, year, first),
        told.why_text(view.why[year]),
        f"Why high needs cost of {name} changes from {told.label_of(first)} to {told.label_of(year)}",
        source,
        view.why[year],
        f"{area.slug}-why-cost-changes.csv",
    )

st.header("Prices", anchor=False)
shell.say(
    f"{len(view.prices)} prices are in use. Each has its year, its source and how sure we are. Put in the "
    "council's own "
    "where you know better: every figure on this page follows."
)
with st.expander("Every price in use, with its source"):
    components.table(view.prices, f"Prices in use for {name}")
unit_cost_desk.show(choices)

st.header("Download", anchor=False)
shell.say(
    "The files that the command line writes: the balance by line, the details of cost, why it changes, each "
    "regime, prices and "
    "the record of the run. They are made when you ask for them."
)
held = results.files_of_money
stem = area.slug if choices.scenario == BASELINE else f"{area.slug}-{results.scenario_of(choices).said.id}"
components.download("Balance (CSV)", lambda: held(choices)["balance.csv"], f"{stem}-balance.csv")
components.download("Balance (Parquet)", lambda: held(choices)["balance.parquet"], f"{stem}-balance.parquet")
components.download(
    "Details of cost (Parquet)", lambda: held(choices)["cost_detail.parquet"], f"{stem}-cost_detail.parquet"
)
components.download(
    "Details of cost (CSV)", lambda: held(choices)["cost_detail.csv"], f"{stem}-cost_detail.csv"
)
components.download("Everything about money (zip)", lambda: zipped(held(choices)), f"{stem}-money.zip")

with st.expander("Read this first: what the figures rest on"):
    shell.say(bullets(view.notes))
components.words(
    "High needs block",
    "Deficit",
    "Statutory override",
    "Stability grant",
    "INMSS",
    "Scenario",
    "80 % interval",
)
