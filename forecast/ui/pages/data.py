"""Data: upload the council's own register, unit costs and counts, download everything, and see the source of every figure."""

import streamlit as st

from data.errors import HistoryError
from forecast.core import defaults
from forecast.ui.background.national_job import every_authority, zipped
from forecast.ui.components import banners, elements, results
from forecast.ui.components.progress import long_work
from forecast.ui.editors import counts_editor, register_editor, unit_cost_editor
from forecast.ui.frame import controls, shell
from forecast.ui.frame.text import literal
from forecast.ui.views.downloads import files

choices = controls.current()
area, name = choices.area, choices.area.name

st.header("Put in your own register of places", anchor=False)
shell.say(
    "Download the register in use, correct it in a spreadsheet, and put it in here. Every problem is listed "
    "with its row; nothing is "
    "kept before you have seen what changes. Versions stay on this computer and every page uses the latest."
)
register_editor.picker(choices)
register_editor.template(choices)
register_editor.upload(choices)
shell.say(
    "A file of names, dates of birth or pupil numbers does not belong here: the register is about places, not children."
)

st.header("Put in your own unit costs", anchor=False)
shell.say(
    "Prices of places, top-ups, packages and journeys. Yours replace ours where you give them; versions are kept, "
    "and Money, Capital, Reports and the pounds of scenarios use the latest."
)
unit_cost_editor.show(choices)

st.header("Put in your own count of plans", anchor=False)
shell.say(
    "Plans on a day since the last January return, by age and need where you know them: the forecast then starts "
    "from what you know today. It moves this authority alone and no published figure. Children waiting, not in "
    "school, and staff have sheets of their own. Counts only: no names, no pupil numbers."
)
counts_editor.show(choices)

st.header("Download everything", anchor=False)
with st.spinner(f"Forecasting {name}"):
    downloads = (
        results.view(files, choices)
        if choices.reform == controls.usual("reform")
        else files(results.outcome_of(choices), results.inputs().history, choices.reform / 100)
    )
banners.show(choices)
shell.say(
    f"All tables of {literal(name)}, the summary, the record of the run with hashes of every input, and the "
    f"register, in one file. Tables "
    "are long: one figure a row."
)
elements.download(f"Everything about {name} (zip)", lambda: zipped(downloads), f"{area.slug}.zip")
try:
    results.finance_of(choices)
except HistoryError as error:
    shell.say(f"There are no files of money: {literal(str(error))}")
else:
    elements.download(
        f"Everything about {name}'s money (zip)",
        lambda: zipped(results.files_of_money(choices)),
        f"{area.slug}-money.zip",
    )
with st.expander("Single files"):
    for file, content in downloads.items():
        elements.download(file, content, file if file.startswith("capacity") else f"{area.slug}-{file}")

st.header("Every authority", anchor=False)
shell.say(
    "Plans and shortfalls of all 153 authorities with the registers that come with the planner. It takes some "
    "minutes and goes on in the "
    "background: you can use other pages meanwhile, and come back."
)
long_work(
    "every-authority",
    "Forecast every authority",
    every_authority,
    (defaults.DRAWS, defaults.SEED),
    "every-authority.zip",
)

st.header("Sources and dates", anchor=False)
catalogue = results.published_tables()
shell.say(
    f"{len(catalogue.used) + len(catalogue.other)} tables are built from official releases. First and last are the "
    "periods a table covers: Januaries for stocks, calendar years for flows, financial years as 2023-24."
)
if catalogue.missing:
    st.warning(f"Not in this copy: {literal(', '.join(catalogue.missing))}.")
elements.table(catalogue.used, "Tables that the forecast reads")
with st.expander("Other tables"):
    elements.table(catalogue.other, "Tables kept for context")

st.header("Licence", anchor=False)
shell.say(shell.ATTRIBUTION)
shell.say(
    "Boundaries contain OS data, Crown copyright and database right. Council and school facts name their "
    "source."
)
