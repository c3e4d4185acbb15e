"""No cell of a file people open starts a formula, and none is changed by guarding and restoring."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from data.council_files.formulas import guarded, unguarded

TEXT = st.text(alphabet="=+-@\t\r\n' aé1", max_size=8) | st.text(max_size=20)


@given(TEXT)
@example("'  =x")
@example("''=1")
def test_guarding_is_undone_exactly(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell


@given(TEXT)
@example("\t=1+1")
@example("  @SUM(A1)")
def test_a_guarded_cell_never_starts_a_formula(cell: str) -> None:
    assert guarded(cell).lstrip()[:1] not in ("=", "+", "-", "@")
