"""Registers that an authority starts from keep the rules, so that a run need not check them again."""

from __future__ import annotations

import pandas as pd
import pytest

from data import areas
from data.errors import RegisterError
from data.registers import starting_register
from data.registers.register import Register


def test_every_authoritys_register_keeps_the_rules_and_checking_changes_nothing() -> None:
    for area in areas.current():
        trusted = starting_register.shipped(area.la_code)
        checked = Register(trusted.la_code, trusted.rows, trusted.origin)
        pd.testing.assert_frame_equal(trusted.rows, checked.rows, check_exact=True)
        assert trusted.rows.dtypes.equals(checked.rows.dtypes), area.name


def test_rows_are_checked_unless_they_are_trusted() -> None:
    rows = starting_register.shipped(317).rows.assign(places=-1)
    with pytest.raises(RegisterError, match="places"):
        Register(317, rows, "mine.csv")
    assert (Register(317, rows, "mine.csv", trusted=True).rows["places"] == -1).all()
