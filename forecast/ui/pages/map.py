"""Map: where wanted places would be lived, which places are near, and where shortfalls are."""

import streamlit as st

from data.citations import SEN2
from data.vocabulary import ALL
from forecast.presentation import wording, words
from forecast.ui.components import banners, elements, results
from forecast.ui.components.charts import map as map_charts
from forecast.ui.frame import controls, shell
from forecast.ui.frame.text import bullets
from forecast.ui.views import area_map
from forecast.ui.views.common import REGISTER, Source

choices = controls.current()
area, name = choices.area, choices.area.name
with st.spinner(f"Forecasting {name}"):
    view = results.view(area_map.area_map, choices)
banners.show(choices)

with st.container(horizontal=True):
    controls.layer(choices, {code: layer.label for code, layer in area_map.LAYERS.items()})
    controls.phase(choices)
    controls.year(choices)
layer = area_map.LAYERS[choices.layer]
shapes = area_map.shown(view, choices.layer, choices.phase, choices.year)
of = "" if choices.phase == ALL else f", {words.PHASE_LABELS[choices.phase].lower()}"
title = area_map.finding(view, choices.layer, choices.phase, choices.year)
shown = area_map.table(view, choices.phase, choices.year)
elements.chart(
    map_charts.zones(
        shapes,
        view.around,
        view.settings,
        what=layer.legend,
        title=title,
        description=(
            f"Map of {name} by {view.kind}: {layer.legend.lower()}{of}, January {choices.year}. {title}. "
            f"{len(view.settings)} settings "
            "are marked. The table below says the same."
        ),
        decimals=layer.decimals,
    ),
    shown,
    f"{name} by {view.kind}{of}, January {choices.year}",
    Source(
        "Children and young people; places", f"January {choices.year}",
        "Means of the forecast; the interval of the whole authority is on the page Places", f"{SEN2}; {REGISTER}; "
        "outlines of the "
        "Office for National Statistics", "Where children live is apportioned, not counted.",
    ),
    view.zones[view.zones["january"] == choices.year],
    f"{area.slug}-map-{choices.year}.csv",
)  # fmt: skip
shell.say(
    bullets(
        (
            "Nobody's address was used: the authority's demand is shared out between areas, and every distance is a "
            "straight line.",
            "Pressure shares each setting's places between all children who live as near, so a figure of 2.0 means "
            "two children for "
            "each place near them. It counts settings of the authority only.",
        )
    )
)

st.header("Settings on the map", anchor=False)
settings = view.settings.sort_values(["places", "setting"], ascending=[False, True])
elements.table(
    settings[["setting", "provision", "places"]]
    .assign(places=[wording.count(p) for p in settings["places"]])
    .rename(columns={"setting": "Setting", "provision": "Kind", "places": "Places"})
    .reset_index(drop=True),
    f"Settings of {name} with a place on the map, first year forecast",
)
with st.expander("Authorities around, and what could not be put on the map"):
    shell.say(f"Authorities that share a border: {', '.join(view.around['name']) or 'none'}.")
    elements.estimated(view.notes)
elements.words(
    "Want a specialist place", "Places", "Phase", "Specialist base", "State special school", "Estimated"
)
