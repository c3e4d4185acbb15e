"""Capital: schemes, what each would do, the programme chosen within a budget, what another future costs, and bases instead."""

import streamlit as st

from data.capital.candidate_file import to_csv
from data.council_files.kept_files import CANDIDATES
from data.council_files.set_aside import NOTHING_ASIDE
from forecast.capital import candidate_schemes
from forecast.presentation import wording
from forecast.presentation.published_figures import shown
from forecast.ui.background.capital_job import appraise
from forecast.ui.background.national_job import zipped
from forecast.ui.components import banners, elements, results, work_requests
from forecast.ui.components.charts import money as money_charts
from forecast.ui.components.progress import awaited
from forecast.ui.editors import kept_file_editor
from forecast.ui.frame import controls, shell
from forecast.ui.frame.text import bullets, literal
from forecast.ui.views import capital, council_files, scenario_draft
from forecast.ui.views.common import Source

EDITOR = kept_file_editor.KeptFileEditor(
    "candidates",
    CANDIDATES,
    "Schemes",
    "The schemes that come with the planner are used",
    council_files.CANDIDATE_KEY,
    council_files.candidate_name,
)

choices = controls.current()
area, name = choices.area, choices.area.name
banners.show(choices)

st.header("Schemes that might be built", anchor=False)
used = results.version_of(CANDIDATES, choices, choices.candidates)
own = council_files.candidates(area.la_code, work_requests.text_used(CANDIDATES, choices, used))
if own is None:
    with st.spinner(f"Forecasting {name}"):
        schemes = candidate_schemes.derive_candidates(results.outcome_of(choices))
    shell.say(
        "Nobody has put in schemes here, so these are derived from the forecast shortfall, with benchmark costs. "
        "Nobody proposed "
        "them: replace them with your own."
        if schemes
        else "Nobody has put in schemes here, and the forecast shortfall is too small to derive any from. Put in your own."
    )
else:
    schemes = own.rows
if schemes:
    assumed = sum(c.basis == "assumed" for c in schemes)
    summary = f"{len(schemes)} schemes with {sum(c.places for c in schemes):,} places might be built."
    if own is not None and assumed:
        summary += f" {assumed} are assumptions, not proposals: the table says which."
    shell.say(summary)
    listed = capital.schemes_text(schemes)
    elements.table(capital.in_short(listed), f"Schemes of {name}")
    if codes := capital.needs_key(schemes):
        shell.say(literal(f"{codes}."))
    with st.expander("Every scheme with its kind, chance and source"):
        elements.table(listed, f"Schemes of {name} in full")
if own is not None or CANDIDATES.latest(area.la_code):
    kept_file_editor.picker(EDITOR, choices, used)
elements.download(
    "Schemes, to correct (CSV)",
    to_csv(schemes, NOTHING_ASIDE if own is None else own.aside).encode("utf-8-sig"),
    f"schemes-{area.slug}.csv",
)
with st.expander("Put in your own schemes"):
    shell.say(
        "Correct the file of schemes in a spreadsheet, add and take out rows, and put it in here. Blank costs "
        "stand for benchmarks."
    )
    kept_file_editor.upload(
        EDITOR,
        choices,
        council_files.candidate_rows(own),
        "schemes",
    )

if not schemes:
    raise shell.EndOfPage
st.header("Choose a programme", anchor=False)
with st.container(horizontal=True):
    controls.budget(choices)
    controls.sure(choices)
    controls.scenario(choices, scenario_draft.listed(choices))
shell.say(
    "Every scheme is appraised alone, the best programme within the budget is chosen, and it is tried in other "
    "futures too. That takes a minute or so and goes on in the background: you can use other pages meanwhile and "
    "come back. Whoever opens this address sees the same result until the planner is started again."
)
view = awaited("capital", "Appraise and choose", appraise, (work_requests.job_inputs(choices),))
if view is None:
    raise shell.EndOfPage

elements.headline(
    view.headline,
    "Children and places are middle figures; pounds are averages, because costs and savings have to add up. Ranges hold 80 % "
    "of possible futures.",
)
shell.say(bullets(view.sentences))
elements.table(capital.in_short(view.programme), "What the programme builds")
elements.download("The whole appraisal (zip)", zipped(dict(view.files)), f"{area.slug}-capital.zip")

money = Source(
    f"Pounds of {view.base_year}, real; whole cost, whoever pays",
    "From the base year to the end of the places' life",
    f"Average, and {wording.RANGE_OF_FUTURES}",
    "Schemes above; prices of the page Money; capital benchmarks of the Department for Education and rates of the Green Book",
    "Schemes marked assumed or estimated; savings after the forecast are held as in its last year.",
)
children = Source(
    "Children and young people",
    f"Each January to {view.effect['january'].max()}",
    f"Middle, and {wording.RANGE_OF_FUTURES}",
    "Forecast, register of places and schemes above",
)
st.header("What the programme does", anchor=False)
at = view.effect[view.effect["january"] == view.january].set_index("what")["q50"]
elements.chart(
    money_charts.lines(
        view.effect,
        "what",
        title=capital.effect_title(view),
        description=f"Line chart of children of {name} short of a specialist place each January. January {view.january}: "
        f"{shown('shortfall', at[capital.NONE_BUILT])} if nothing is built, {shown('shortfall', at[capital.BUILT])} with the "
        "programme.",
        axis="January",
        unit="Children",
        scale=1.0,
        centre="q50",
    ),
    capital.effect_text(view),
    f"Children of {name} short of a specialist place",
    children,
    view.effect,
    f"{area.slug}-capital-children.csv",
)
if len(view.programmes) > 1:
    with st.expander("Beside it: programmes chosen for value, or for other futures"):
        elements.table(view.programmes, "Programmes")

st.header("Each scheme alone", anchor=False)
worth = int((view.options["npv_mean"] > 0).sum())
elements.chart(
    money_charts.present_values(
        view.options,
        f"{worth} of {len(view.options)} schemes save more than they cost, on average",
        name,
        view.base_year,
    ),
    view.options_text,
    f"Schemes of {name}, each built alone",
    money,
    view.options,
    f"{area.slug}-capital-options.csv",
)

st.header("Why not a base?", anchor=False)
shell.say(
    "For every special school option: how many of the children it would seat could be met in bases, if they were "
    "split between bases and special schools as England's are. Base places free are those of the base options "
    "beside it."
)
elements.table(
    view.base_comparisons, f"Special school options of {name} against bases, January {view.january}"
)

st.header("If another future comes", anchor=False)
shell.say(
    "A programme is chosen for each future and tried in all the others."
    + (f" {view.how_to_read_regret}" if len(view.regret) else "")
)
if len(view.regret):
    elements.table(view.regret, "What each future costs each programme, pounds of present value")
    elements.table(view.regret_children, f"Children without any specialist place in January {view.january}")
else:
    shell.say("The same programme is chosen in all of them, so another future costs nothing more.")
with st.expander("Read this first: what the appraisal rests on"):
    shell.say(bullets(view.notes))
elements.words(
    "Short",
    "Without any specialist place",
    "Present value",
    "What another future costs",
    "Specialist base",
    "State special school",
    "Scenario",
    "80 % interval",
)
