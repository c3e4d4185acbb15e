"""``sendplan``, the command line: the list of commands, and errors shown as messages.

Every error caused by input is one paragraph on standard error and exit code 2; results appear whole or not at all.
Each job is imported when it is asked for, so that help and refusals come at once: modules of `forecast.commands` import at
their head only what their options need.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from data import tables
from data.errors import OptionError, PlannerError
from forecast.commands import (
    audit,
    capacity,
    capital,
    counts,
    data,
    doctor,
    forecasts,
    models,
    money,
    money_check,
    places,
    report,
    scenario,
    then_and_now,
    update,
)
from forecast.core.parallel import set_up_process

MANY_VALUES: tuple[str, ...] = ("--origins", "--models", "--defer", "--phase", "--scenario")
"""Options that take several values in a row: ``--origins 2021 2022``."""

app = typer.Typer(
    help="Forecast EHC plans, specialist places and the gap between them for any English local authority.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

# Help lists commands in this order, then groups.
app.command("forecast")(forecasts.forecast_command)
app.command("places")(places.places_command)
app.command("money")(money.money_command)
app.command("capital")(capital.capital_command)
app.command("backtest")(models.backtest_command)
app.command("audit")(audit.audit_command)
app.command("score-january")(models.score_january_command)
app.command("earlier-forecasts")(then_and_now.earlier_forecasts_command)
app.command("backtest-places")(models.backtest_places_command)
app.command("backtest-own-count")(models.backtest_own_count_command)
app.command("money-check")(money_check.money_check_command)
app.command("fit")(models.fit_command)
app.command("explain")(forecasts.explain_command)
app.command("then-and-now")(then_and_now.then_and_now_command)
app.command("doctor")(doctor.doctor_command)
data.app.command("update")(update.update_command)
app.add_typer(data.app, name="data")
app.add_typer(capacity.app, name="capacity")
app.add_typer(counts.app, name="counts")
app.add_typer(money.app, name="unit-costs")
app.add_typer(capital.app, name="schemes")
app.add_typer(scenario.app, name="scenario")
app.add_typer(report.app, name="report")


def main() -> None:
    """Run the command line; show planner errors as messages and exit with code 2."""
    set_up_process()
    _print_what_can_be_printed()
    try:
        tables.settle()
        app(args=spread_values(readable(sys.argv[1:])), prog_name="sendplan")
    except PlannerError as error:
        typer.echo(f"sendplan: {error}", err=True)
        raise SystemExit(2) from None
    except ImportError as error:
        from forecast.core.left_out import message_for

        message = message_for(error)
        if message is None:
            raise
        typer.echo(f"sendplan: {message}", err=True)
        raise SystemExit(2) from None


def _print_what_can_be_printed() -> None:
    """Let a terminal that lacks a letter show a question mark in its place; files are UTF-8 whatever the terminal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def readable(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments, or raise an error if one has letters that this terminal's settings cannot express.

    Such letters arrive as surrogates, in which no file can be named by every library and nothing can be found.

    Raises
    ------
    OptionError
        An argument has such letters.
    """
    for word in arguments:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise OptionError(
                f"'{''.join('?' if letter > '~' else letter for letter in word)}' has letters, shown as '?', that this terminal "
                f"is not set up for ({sys.getfilesystemencoding()}), so nothing was done. Set the environment variable "
                "PYTHONUTF8=1 and run the command again, or use plain letters."
            )
    return arguments


def spread_values(arguments: Sequence[str]) -> list[str]:
    """Return arguments with an option of `MANY_VALUES` repeated before each of its values, the form the parser reads.

    ``--origins 2021 2022 --horizon 5`` becomes ``--origins 2021 --origins 2022 --horizon 5``.
    """
    spread: list[str] = []
    option: str | None = None
    values = 0
    for word in arguments:
        if word.startswith("-"):
            option, values = (word, 0) if word in MANY_VALUES else (None, 0)
            spread.append(word)
        elif option is None or values == 0:
            values += 1
            spread.append(word)
        else:
            spread += [option, word]
    return spread


if __name__ == "__main__":
    main()
