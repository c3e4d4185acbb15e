"""``sendplan data update``: look for a newer release, and switch to it as a whole."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import OptionError, PlannerError, UpdateError
from forecast.commands.output import WIDTH, console, say, show

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from data.ingest.plausibility import ReleaseFindings
    from data.ingest.release_sources import ReleaseSources
    from forecast.updating.newest import InUse
    from forecast.updating.update import Updated

CANCELLED = 130
"""Exit code of a command that was stopped with Ctrl-C."""


def update_command(
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A release that was downloaded by hand: its zip, or the folder it is in. Left out: the newest is fetched.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what is newer than what is in use; change nothing.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            help="Do not ask before switching. A release whose figures contradict each other is refused.",
        ),
    ] = False,
    layout: Annotated[
        Path | None,
        typer.Option(
            help="Layout file of the release, where its columns are not those of a layout that is known."
        ),
    ] = None,
    sources: Annotated[
        Path | None,
        typer.Option(help="Another configuration of where releases are published (or set SENDPLAN_SOURCES)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the samplers, where a fit did not pass.")] = 0,
) -> None:
    """Bring tables and fit up to date with the newest release of EHC plans (SEN2). Takes some minutes.

    The release is fetched, checked and set against the one in use, and you are asked before it is used. Tables, fit and the
    scores of the old forecast are made beside those in use and switched to together, so an update that fails, is cut off or
    is stopped with Ctrl-C leaves in use what was in use before. Start the planner in the browser again afterwards.
    """
    from data.ingest.release_sources import read_sources
    from forecast.updating.newest import InUse
    from forecast.updating.update import Installation

    screen = console()
    configured = read_sources(sources)
    in_use = Installation().in_use
    if check:
        _check(screen, configured, in_use, source, layout)
        return
    # To be told to end is to be cancelled: what was begun is tidied up, and the process that fits models ends too.
    ended_by = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _update(screen, configured, in_use, source, layout, yes=yes, seed=seed)
    except KeyboardInterrupt:
        now = InUse.of(Installation().data / "SOURCES.csv")
        what = (
            "The update was stopped."
            if now == in_use
            else "The update was stopped, but the switch was made before."
        )
        say(screen, f"{what} In use is {now.words()}.")
        raise typer.Exit(CANCELLED) from None
    except PlannerError as error:
        now = Installation().in_use
        ending = "" if now.words() in str(error) else f" In use is {now.words()}."
        raise UpdateError(f"{error}{ending}") from None
    finally:
        signal.signal(signal.SIGTERM, ended_by)


def _check(
    screen: Console, configured: ReleaseSources, in_use: InUse, path: Path | None, layout: Path | None
) -> None:
    """Print what is newer than what is in use."""
    from forecast.updating.download import Fetcher
    from forecast.updating.newest import look
    from forecast.updating.update import Request, look_at

    say(screen, f"In use: {in_use.words()}.")
    if path is not None:
        opened = look_at(Request(configured.readable(), path, layout))
        if opened.sha256 in in_use.sha256:
            what = "the one in use"
        elif opened.january > in_use.january:
            what = "NEWER"
        else:
            what = "another version of the one in use" if opened.january == in_use.january else "older"
        say(screen, f"{opened.path}: January {opened.january}, in the layout of {opened.fits}: {what}.")
    else:
        for outcome in look(configured, Fetcher(configured.fetching)):
            say(screen, f"- {outcome.source.title}: {outcome.words(in_use)}")
    say(screen, "Nothing was changed.")


def _update(
    screen: Console,
    configured: ReleaseSources,
    in_use: InUse,
    path: Path | None,
    layout: Path | None,
    *,
    yes: bool,
    seed: int,
) -> None:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from forecast.updating.download import Fetcher
    from forecast.updating.newest import newest_of
    from forecast.updating.update import Request, Steps, UpdateStage, refit, update

    publication = configured.readable()
    fetcher = Fetcher(configured.fetching)
    if path is None:
        newest = newest_of(publication, fetcher)
        if newest.year < in_use.january or (newest.year == in_use.january and not newest.expected.sha256):
            say(
                screen,
                f"Nothing newer: in use is {in_use.words()}, and the newest is January {newest.year}. Nothing was changed.",
            )
            return
        request = Request(publication, newest, layout, fetcher)
    else:
        request = Request(publication, path, layout)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn(),
        console=_errors(screen), transient=True,
    )  # fmt: skip
    with bar:
        task = bar.add_task("Fetching", total=None, visible=path is None)

        def on_stage(stage: UpdateStage) -> None:
            if stage is UpdateStage.SWITCHING:
                return
            bar.update(task, visible=False)
            say(screen, f"{stage.value[0].upper()}{stage.value[1:]}.")

        steps = Steps(
            agree=lambda findings: _agreed(screen, bar, findings, yes=yes),
            fit=lambda root: refit(root, seed),
            on_stage=on_stage,
            on_bytes=lambda there, whole: bar.update(task, completed=there, total=whole),
        )
        done = update(request, steps)
    _report(screen, done, in_use)


def _errors(screen: Console) -> Console:
    from rich.console import Console

    return Console(stderr=True, width=None if screen.is_terminal else WIDTH)


def _agreed(screen: Console, bar: Progress, findings: ReleaseFindings, *, yes: bool) -> bool:
    """Print what a release says, and return whether to go on."""
    bar.stop()
    show(screen, findings.moved, f"What moved most, to January {findings.january}", index=False)
    for sentence in findings.sentences:
        say(screen, f"- {sentence}")
    for sentence in findings.wrong:
        say(screen, f"- WRONG: {sentence}", "bold")
    if yes and findings.wrong:
        raise UpdateError(
            f"Figures of the release contradict each other in {len(findings.wrong)} place(s), named above, so it was not "
            "used without somebody agreeing to it. Run the command again without --yes to decide, or correct the release."
        )
    if yes:
        return True
    try:
        return typer.confirm(f"Use the release of January {findings.january}?", default=False)
    except typer.Abort:
        raise OptionError(
            "Nobody answered whether to use the release, so it was not used. Run the command in a terminal, or with --yes."
        ) from None


def _report(screen: Console, done: Updated | None, in_use: InUse) -> None:
    """Print the outcome of an update, and what is left to do."""
    if done is None:
        say(screen, f"This is the release in use, {in_use.words()}. Nothing was changed.")
        return
    for sentence in done.sentences:
        say(screen, f"- {sentence}")
    say(
        screen,
        f"In use: January {done.january}, before January {done.before}; {len(done.files)} files changed.",
        "bold",
    )
    say(
        screen,
        "Start the planner in the browser again. To tell later what data and models changed: sendplan "
        "earlier-forecasts --origins "
        f"{done.before}. To score earlier Januaries again: sendplan backtest --out out/backtest.parquet.",
    )
