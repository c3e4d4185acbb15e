"""Words that planners read: rounding, chances and sentences worked by hand."""

from __future__ import annotations

import pytest

from forecast.presentation import words
from forecast.presentation.summary import RunOut


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            RunOut("secondary", "state_special", 2028, 0.8, 12.3, from_start=False),
            "Secondary places in state special schools run out by January 2028: 8 chances in 10, with 12 children short "
            "of a place.",
        ),
        (
            RunOut("post16", "specialist_post16", 2026, 0.96, 3.0, from_start=True),
            "Post-16 places in specialist post-16 institutions run out in January 2026, the first year forecast: more than "
            "19 chances in 20, with 3 young people short of a place.",
        ),
        (
            RunOut("primary", "specialist_base", None, 0.02, 0.0, from_start=False),
            "Primary places in specialist bases are not likely to run out in the years shown: fewer than 1 chance in 20 in "
            "the worst year.",
        ),
        (
            RunOut("primary", "specialist_base", None, 0.48, 0.6, from_start=False),
            "Primary places in specialist bases could run out in the years shown, though no January is likelier than not: 5 "
            "chances in 10 in the worst year.",
        ),
    ],
)
def test_sentences_on_when_places_run_out(found: RunOut, said: str) -> None:
    assert words.run_out_sentence(found) == said


def test_places_elsewhere_show_in_the_number_of_places() -> None:
    assert words.places_in_words(275.0, 234.3) == "275 (234 local)"
    assert words.places_in_words(96.0, 96.0) == "96"
