"""The council's own files that commands forecast with: register, counts, unit costs and schemes, each read for one authority.

Invariant: a file that is not in the template is read only with a mapping that somebody confirmed, and the command says which and
from when; where nobody has, it is refused with the command that has it confirmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import OptionError
from forecast.commands.output import console, say

if TYPE_CHECKING:
    from data.areas import Area
    from data.capital.candidate_file import Candidates
    from data.council_files.column_proposals import Proposal
    from data.counts.own_counts import OwnCounts
    from data.prices.price_book import PriceBook
    from data.registers.register import Register


def own_register(capacity: Path | None, chosen: Sequence[Area]) -> Register | None:
    """Read the council's own register for the one authority requested; None if no file was given."""
    if capacity is None:
        return None
    if len(chosen) > 1:
        raise OptionError(
            f"--capacity {capacity} holds one authority's places but 'all' was asked for, so it cannot be used. "
            "Name the authority, or leave --capacity out."
        )
    return register_for(capacity, chosen[0].la_code)


def register_for(path: Path, la_code: int | None) -> Register:
    """Read a register, and say which mapping it was read with; of whom it says where no authority is given."""
    from data.council_files.council_table import propose
    from data.registers.register_file import REGISTER_FILE, read_register

    register = read_register(path, la_code=la_code)
    _say_mapping(path, propose(path, REGISTER_FILE), la_code)
    return register


def own_counts(file: Path | None, chosen: Sequence[Area]) -> OwnCounts | None:
    """Read the council's own counts for the one authority requested; None if no file was given."""
    if file is None:
        return None
    if len(chosen) > 1:
        raise OptionError(
            f"--own-count {file} holds one authority's plans but 'all' was asked for, so it cannot be used. "
            "Name the authority, or leave --own-count out."
        )
    from data.counts.counts_file import OnDay, own_tables, read_counts

    counts = read_counts(file, chosen[0].la_code, OnDay.now(date.today()))
    for proposal in own_tables(file):
        _say_mapping(file, proposal, chosen[0].la_code)
    return counts


def own_prices(unit_costs: Path | None, area: Area) -> PriceBook:
    """Return the authority's price book, with the council's own prices if a file of them was given."""
    from data.council_files.council_table import propose
    from data.prices.ledger import PRICE_FILE, read_ledger
    from data.prices.starting_books import for_area

    book = for_area(area.la_code)
    if unit_costs is None:
        return book
    own = read_ledger(unit_costs, book.inflation, la_code=area.la_code)
    _say_mapping(unit_costs, propose(unit_costs, PRICE_FILE), area.la_code)
    return book.with_rows(own.rows)


def own_schemes(candidates: Path | None, area: Area) -> Candidates | None:
    """Return the council's own schemes if a file of them was given, else those shipped; None where there are none."""
    from data.capital.candidate_file import SCHEME_FILE, read_candidates, shipped
    from data.council_files.council_table import propose

    if candidates is None:
        return shipped(area.la_code)
    read = read_candidates(candidates, area.la_code)
    _say_mapping(candidates, propose(candidates, SCHEME_FILE), area.la_code)
    return read


def _say_mapping(path: Path, proposal: Proposal | None, la_code: int | None) -> None:
    """Say in one line which mapping a file was read with, where it is not in the template."""
    from data.council_files.column_mapping import remembered_for

    known = (
        None
        if proposal is None or la_code is None
        else remembered_for(proposal.kind_code, la_code, proposal.names)
    )
    if known is not None:
        say(console(), f"{path.name}: {known} was used.")
