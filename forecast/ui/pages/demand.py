"""Demand: how many plans, of which ages and needs, why they change, how that compares, and what comes before the plan."""

import streamlit as st

from data.citations import SEN2
from forecast.presentation import joining, words
from forecast.ui.components import banners, elements, futures_section, results
from forecast.ui.components.charts import demand as demand_charts
from forecast.ui.frame import controls, shell
from forecast.ui.frame.choices import origin, years
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import demand
from forecast.ui.views.common import RESIDENTS, Source, in_words, tidy

choices = controls.current()
area, name = choices.area, choices.area.name
with st.spinner(f"Forecasting {name}"):
    view = results.view(demand.demand, choices)
banners.show(choices)

st.header("Plans", anchor=False)
with st.container(horizontal=True):
    controls.phase(choices)
    controls.need(choices)
    controls.horizon(choices)
    controls.reform(choices)
whom = demand.of_whom(choices.phase, choices.need)
frame = tidy(view.frame(choices.phase, choices.need), choices.last)
estimated = (
    "Needs are England's at each age: this authority did not publish its own."
    if view.estimated_mix and whom
    else ""
)
if frame.iloc[0]["q50"] < demand.NOBODY and frame["q90"].max() < 1:
    shell.say(f"Nobody in {literal(name)} has a plan of this kind, and the forecast expects nobody to.")
elif not whom:
    futures_section.chart(choices, view.plans)
    futures_section.meaning(choices)
else:
    elements.chart(
        demand_charts.plans(frame, name, whom),
        in_words(frame, "EHC plans"),
        f"EHC plans in {name}, {whom}",
        Source(
            "EHC plans",
            f"each January to {choices.last}",
            f"80 % interval from {years()[0]}",
            SEN2,
            estimated,
        ),
        frame,
        f"{area.slug}-plans-{choices.phase}-{choices.need}.csv".lower(),
    )
if whom:
    shell.say(
        "Plans by phase and need of one authority are published for one January only, so there is no line of earlier years."
    )

st.header("Ages and needs", anchor=False)
controls.year(choices)
ages, needs = st.columns(2)
with ages:
    elements.table(demand.by_age_table(view, choices.year), f"EHC plans in {name} by age, January")
with needs:
    elements.table(demand.by_need_table(view, choices.year), f"EHC plans in {name} by primary need, January")
shell.say(literal(view.need_note))
with st.expander("Every January, by age and by need"):
    elements.table(view.bands, f"EHC plans in {name} by age, every January")
    for number, part in enumerate(view.needs, start=1):
        elements.table(
            part, f"EHC plans in {name} by primary need, every January, part {number} of {len(view.needs)}"
        )

st.header("Why plans change", anchor=False)
drivers = view.drivers[choices.year]
elements.chart(
    demand_charts.waterfall(
        demand.steps(drivers, view.known, view.known_january, choices.year),
        name,
        view.known_january,
        choices.year,
    ),
    demand.drivers_table(drivers),
    f"Why plans in {name} change to January {choices.year}",
    Source(
        "EHC plans, averages",
        f"January {origin()} to {choices.year}",
        "80 % interval of each part",
        f"{SEN2}; {RESIDENTS}",
    ),
    drivers,
    f"{area.slug}-why-{choices.year}.csv",
)
shell.say(literal(words.EXPLAIN_NOTE))
futures_section.own_record(view.own_record)
with st.expander(
    "Joining, year by year: new plans among residents without one, and the lifetime chance of a plan"
):
    elements.table(view.joining, f"Joining in {name}, by the year to each January")
    shell.say(literal(joining.NOTE))

st.header("Compared with others", anchor=False)
elements.chart(
    demand_charts.rates(view.rates, name),
    view.ranks,
    f"{name} compared, plans for every 1,000 residents aged 0 to 25",
    Source(
        "EHC plans for every 1,000 residents aged 0 to 25",
        "each January",
        "Published, no interval",
        f"{SEN2}; {RESIDENTS}",
    ),
    view.rates,
    f"{area.slug}-rates.csv",
)
if view.rank:
    shell.say(
        f"{literal(name)} ranks {view.rank} of {view.of} authorities, 1 being the highest rate. Rates of several "
        f"authorities are their "
        "plans over their residents. A high rate is neither good nor bad in itself."
    )

st.header("What comes before the plan", anchor=False)
for column, (step, rows) in zip(st.columns(len(demand.PIPELINE)), view.pipeline.items(), strict=False):
    label = demand.PIPELINE[step][1]
    shown = tidy(rows, choices.last - 1)
    with column:
        elements.chart(
            demand_charts.flow(shown, label, name),
            in_words(shown, label, "Calendar year"),
            f"{label} in {name}",
            Source(label, f"calendar years to {choices.last - 1}", f"80 % interval from {years()[0]}", SEN2),
            shown.rename(columns={"january": "calendar_year"}),
            f"{area.slug}-{step}.csv",
        )
for sentence, by_year in view.backlogs:
    shell.say(literal(sentence))
    elements.table(by_year, f"The backlog of {name}, by calendar year")
shell.say(
    bullets(
        (
            "A request is decided within 6 weeks, an assessed child has a plan within 20 weeks of the request, where "
            "the law is kept.",
            "Slow issue holds new plans back for a time; it does not mean less demand.",
        )
    )
)
elements.words(
    "EHC plan",
    "Primary need",
    "Phase",
    "80 % interval",
    "Rate per 1,000",
    "Statistical neighbour",
    "New plans",
    "January",
    "Joining rate",
    "Lifetime chance",
    "Three futures",
)
