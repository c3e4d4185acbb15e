"""Evidence: accuracy of earlier forecasts, checks of the fit, assumptions and decisions, method, terms, accessibility."""

import streamlit as st

from data.citations import SEN2
from data.errors import FitError
from data.sign_in.people import Right
from forecast.demand import stored_fit
from forecast.presentation.glossary import TERMS
from forecast.ui.background.fit_job import fit_again
from forecast.ui.components import elements, results
from forecast.ui.components.charts import evidence as evidence_charts
from forecast.ui.components.charts import futures as futures_charts
from forecast.ui.components.progress import awaited
from forecast.ui.frame import controls, shell, signing
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import evidence
from forecast.ui.views.common import Source
from forecast.ui.views.overview import overview
from forecast.ui.views.passages import ACCESSIBILITY, METHOD

choices = controls.current()
area, name = choices.area, choices.area.name
record = results.record_of(choices)

st.header("How earlier forecasts did", anchor=False)
shell.say(f"**{literal(record.own_sentence)}**")
shell.say(literal(record.sentence))
shell.say(
    "Each of these forecasts was made again with the data up to its January and nothing later, by the models "
    "used today. Data are as "
    "published last, so a figure revised since shows its revised value."
)
past = Source(
    "EHC plans",
    record.dates,
    "80 % interval",
    f"{SEN2}; back-test of the planner",
)
if record.part_of:
    shell.say(
        f"{literal(name)} was split or merged, so the record is that of the authorities that make up its long series together."
    )
if len(record.own):
    elements.chart(
        evidence_charts.record(record.own, name), evidence.record_table(record.own),
        f"Earlier forecasts of {name}", past, record.own,
        f"{area.slug}-earlier-forecasts.csv",
    )  # fmt: skip
elements.chart(
    evidence_charts.coverage(record.by_ahead),
    evidence.calibration_table(record.by_ahead, "Years ahead", "ahead"),
    "All authorities, by years ahead",
    past,
    record.by_ahead,
    "calibration-by-years-ahead.csv",
)
elements.table(
    evidence.calibration_table(record.by_origin, "Made from", "origin"),
    "All authorities, by the January the forecast was made from",
)
shell.say(
    bullets(
        (
            "What this cannot show: plans by need (published by authority for one January only), anything beyond five years "
            "ahead, and a change of law.",
            "Places and shortfalls cannot be scored: nobody publishes how many children want a place and have none.",
        )
    )
)

st.header("Forecast against what was returned", anchor=False)
shell.say(
    "Every year's forecast is kept as it was made and set beside each return published later. What is written here is never "
    "edited afterwards."
)
for entry in results.audit_of(choices):
    shell.say(bullets(entry.sentences))
    elements.table(entry.table, entry.title)
with st.expander("All authorities together"):
    for entry in results.audit_of(None):
        shell.say(bullets(entry.sentences))
        elements.table(entry.table, entry.title)

st.header("England, beside what others have forecast", anchor=False)
with st.spinner("Adding up every authority"):
    whole = results.england_of()
elements.chart(
    futures_charts.england(whole.plans, whole.dots, whole.title, whole.origin),
    whole.table,
    "National forecasts of others beside ours",
    Source(
        "EHC plans in England",
        f"each January to {int(whole.plans['january'].max())}",
        "80 % interval of the sum of all authorities, future by future",
        f"{SEN2}; the publishers named in the table",
    ),
    whole.plans,
    "england-plans.csv",
)
shell.say(literal(whole.sentence))

st.header("Whether the models' fit passed", anchor=False)
try:
    elements.table(evidence.fit_table(), "Checks of the stored fit of every Bayesian model")
except FitError as error:
    st.error(literal(str(error)))
shell.say(
    "A fit passes with an R-hat of at most 1.01, an effective sample of at least 400 and no divergences. One "
    "that fails is not shown as "
    "a forecast: every page says why instead."
)
with st.expander("Fit every model again"):
    shell.say(
        "Needed only where published tables or models changed; with the same data the result is the same. It takes about ten "
        "minutes and goes on in the background."
    )
    why = signing.why_not(Right.FIT)
    if why:
        shell.say(literal(why))
    else:
        outcome = awaited("fit", "Fit every model again", fit_again, (stored_fit.key(), signing.person()))
        if outcome is not None:
            shell.say(literal(outcome))

st.header("Quality of the data", anchor=False)
with st.spinner(f"Forecasting {name}"):
    view = results.view(overview, choices)
elements.estimated(tuple(dict.fromkeys((*view.notes, *view.estimates))))

st.header("Assumptions and decisions", anchor=False)
for title, text in evidence.decisions():
    with st.expander(literal(title)):
        shell.say(text)

st.header("Method", anchor=False)
shell.say(bullets(METHOD))

st.header("Glossary", anchor=False)
elements.table(evidence.glossary_table(TERMS), "Words of the planner")

st.header("Accessibility statement", anchor=False)
shell.say(bullets(ACCESSIBILITY))
