"""Tables as HTML: escaped, headed and reachable by keyboard."""

from __future__ import annotations

import pandas as pd

from forecast.ui.components.tables import html
from forecast.ui.frame.text import bullets, literal


def test_a_table_has_a_caption_headings_and_a_region_that_takes_focus() -> None:
    table = pd.DataFrame({"EHC plans": ["3,391"]}, index=pd.Index([2025], name="January"))
    markup = html(table, "Plans & places")
    assert 'role="region" tabindex="0" aria-label="Plans &amp; places"' in markup
    assert "<caption><span>Plans &amp; places</span></caption>" in markup
    assert '<th scope="col" class="number">EHC plans</th>' in markup
    assert '<tr><th scope="row">2025</th><td class="number"><span>3,391</span></td></tr>' in markup


def test_cells_and_headings_are_escaped() -> None:
    markup = html(pd.DataFrame({"<b>": ["x"], "y": ["<script>alert(1)</script>"]}), "c")
    assert "<script>" not in markup
    assert "<b>" not in markup
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in markup


def test_only_a_web_address_becomes_a_link() -> None:
    cells = [
        "https://a.gov.uk/x?y=1&z=2",
        "javascript:alert(1)",
        "see https://a.gov.uk",
        'https://a"onclick="b',
    ]
    markup = html(pd.DataFrame({"n": ["1", "2", "3", "4"], "Source": cells}), "c")
    assert markup.count("<a ") == 1
    assert '<a href="https://a.gov.uk/x?y=1&amp;z=2">a.gov.uk</a>' in markup


def test_intervals_are_numbers_and_ages_are_not() -> None:
    markup = html(pd.DataFrame({"a": ["x"], "Wanted": ["5 (1 to 9)"], "Ages": ["4 to 10"]}), "c")
    away = html(
        pd.DataFrame({"a": ["x"] * 3, "Difference": ["-28 (-47 to -11)", "no change", "+2 points"]}), "c"
    )
    assert '<th scope="col" class="number">Difference</th>' in away
    assert '<th scope="col" class="number">Wanted</th>' in markup
    assert '<td class="number"><span>5</span> <span>(1 to 9)</span></td>' in markup
    assert '<th scope="col" class="short">Ages</th>' in markup


def test_plain_text_is_not_markup() -> None:
    assert literal("**a** [b](c) <i> $x$ :red[y]") == r"\*\*a\*\* \[b\](c) \<i\> \$x\$ \:red\[y\]"
    assert literal("Places: 80 % (4 to 5)") == "Places: 80 % (4 to 5)"
    assert bullets(("a_b", "c")) == "- a\\_b\n- c"
