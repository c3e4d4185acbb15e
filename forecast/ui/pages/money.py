"""Money: high needs cost, income and balance, who bears a deficit, why cost changes, and the prices used."""

import streamlit as st

from data.errors import HistoryError
from forecast.presentation import money_report, wording
from forecast.ui.background.national_job import zipped
from forecast.ui.components import banners, elements, results
from forecast.ui.components.charts import money as money_charts
from forecast.ui.editors import unit_cost_editor
from forecast.ui.frame import controls, shell
from forecast.ui.frame.choices import BASELINE
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import money, scenario_draft
from forecast.ui.views.common import Source

choices = controls.current()
area, name, year = choices.area, choices.area.name, choices.year
try:
    with st.spinner(f"Costing {name}"):
        view = results.pounds(money.money, choices)
except HistoryError as error:
    st.header("Pounds cannot be forecast here", anchor=False)
    st.info(literal(str(error)))
    raise shell.EndOfPage from None
banners.show(choices)

elements.headline(
    view.headline,
    f"Pounds of each financial year; a deficit is minus. About {wording.MOST_FUTURES} fall inside each range. "
    "Not a budget, an outturn or a return.",
)
with st.container(horizontal=True):
    controls.scenario(choices, scenario_draft.listed(choices))
    controls.financial_year(choices)
    controls.regime(choices)
    controls.grant(choices)

st.header(f"Four figures of {money.label_of(year)}", anchor=False)
elements.measures(view.measures[year])

forecast = f"Forecast from January {min(view.measures) - 1}"
source = Source(
    "Pounds of each financial year (nominal)",
    f"31 March {min(view.measures)} to {max(view.measures)}. {forecast}",
    f"Average, and {wording.RANGE_OF_FUTURES}",
    money.S251,
    money.ESTIMATED,
)
st.header("Balance at 31 March", anchor=False)
balance = view.balance[view.balance["january"] <= choices.last]
elements.chart(
    money_charts.balance(balance, name, view.override),
    money.balance_text(balance),
    f"High needs balance of {name} at 31 March",
    source,
    balance,
    f"{area.slug}-balance-at-31-march.csv",
)
elements.strip(view.deficit, "Chance that the balance is a deficit at 31 March")
with st.expander("Who bears a deficit after the override: the balance under each way"):
    elements.table(
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
        elements.table(
            view.difference, f"{name}: with the scenario, against {money.WITHOUT.lower()}, future by future"
        )
        elements.table(
            money_report.why_table(view.why_scenario[year], most=None),
            f"Why cost differs in {money.label_of(year)}, and the range of the sum",
        )

st.header("Cost and income", anchor=False)
flows = view.flows[view.flows["january"] <= choices.last]
elements.chart(
    money_charts.flows(flows, name, min(year, choices.last)),
    money.flows_text(flows),
    f"High needs cost and income of {name}",
    source,
    flows,
    f"{area.slug}-cost-and-income.csv",
)
with st.expander("Cost, income, in year and balance in one table"):
    elements.table(view.by_year, f"High needs of {name} by financial year")

st.header("Lines of cost", anchor=False)
first = min(view.measures)
largest = money.largest(view, year)
elements.chart(
    money_charts.cost_lines(largest, name, year, first),
    money.lines_text(view, year),
    f"Every line of cost of {name} in {money.label_of(year)}",
    source,
    view.lines,
    f"{area.slug}-cost-lines.csv",
)

st.header("Why cost changes", anchor=False)
if year == first:
    shell.say(f"{money.label_of(first)} is the first year; choose a later one to see why its cost differs.")
else:
    elements.chart(
        money_charts.why(money.steps(view, year), name, year, first),
        money_report.why_table(view.why[year], most=None),
        f"Why high needs cost of {name} changes from {money.label_of(first)} to {money.label_of(year)}",
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
    elements.table(view.prices, f"Prices in use for {name}")
unit_cost_editor.show(choices)

st.header("Download", anchor=False)
shell.say(
    "The files that the command line writes: the balance by line, the details of cost, why it changes, each "
    "regime, prices and "
    "the record of the run. They are made when you ask for them."
)
files = results.files_of_money
stem = (
    area.slug if choices.scenario == BASELINE else f"{area.slug}-{results.scenario_of(choices).as_written.id}"
)
elements.download("Balance (CSV)", lambda: files(choices)["balance.csv"], f"{stem}-balance.csv")
elements.download("Balance (Parquet)", lambda: files(choices)["balance.parquet"], f"{stem}-balance.parquet")
elements.download(
    "Details of cost (Parquet)", lambda: files(choices)["cost_detail.parquet"], f"{stem}-cost_detail.parquet"
)
elements.download(
    "Details of cost (CSV)", lambda: files(choices)["cost_detail.csv"], f"{stem}-cost_detail.csv"
)
elements.download("Everything about money (zip)", lambda: zipped(files(choices)), f"{stem}-money.zip")

with st.expander("Read this first: what the figures rest on"):
    shell.say(bullets(view.notes))
elements.words(
    "High needs block",
    "Deficit",
    "Statutory override",
    "Stability grant",
    "INMSS",
    "Scenario",
    "80 % interval",
)
