"""The scenario store: scenarios are saved as versions, runs are recorded, and nothing stored is overwritten.

Invariants: versions of a scenario count 1, 2, 3 without gaps; a row and its entry in the log are saved together or not at
all; what `save` or `record_run` has returned is on the disk; what is refused leaves the store as it was.
"""

from __future__ import annotations

import difflib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, insert, select

from data.errors import ConflictError, StoreError
from data.sign_in.people import Person, Right, require
from scenarios.store import bundle, checks, log
from scenarios.store.address import Address, address_of
from scenarios.store.bundle import Imported
from scenarios.store.connection import engine_for, reading, writing
from scenarios.store.log import Break
from scenarios.store.rows import Draft, LogEntry, Run, RunFacts, Version, row_hash
from scenarios.store.schema import bring_up_to_date
from scenarios.store.tables import LOG, RUN, SCENARIO_VERSION, rows
from scenarios.store.words import moment


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Store:
    """An open store; any number of processes and threads may use it at once.

    Parameters
    ----------
    address
        Where it is.
    engine
        How it is reached.
    clock
        Gives the time that is written down.
    """

    address: Address
    engine: Engine = field(repr=False)
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    @classmethod
    def open(cls, where: str | Path | None = None, clock: Callable[[], datetime] = _now) -> Store:
        """Open a store; create it or bring its tables up to date where needed.

        Parameters
        ----------
        where
            A file; or ``postgresql+psycopg://user@server/database`` for a team; or nothing: then the environment variable
            SENDPLAN_STORE, and without it ``out/scenarios.sqlite`` under the current folder.
        clock
            Gives the time that is written down.

        Raises
        ------
        StoreError
            It cannot be opened or made, is not a store, or was made by a newer release. It is left as it was.
        """
        address = address_of(where)
        engine = engine_for(address)
        bring_up_to_date(engine, address)
        return cls(address, engine, clock)

    def save(self, draft: Draft, *, expected_version: int, who: Person, comment: str = "") -> Version:
        """Save a scenario as its next version and return that; if nothing changed, return the latest version.

        Parameters
        ----------
        draft
            The scenario.
        expected_version
            Number of the version the work began from; 0 for a new scenario.
        who
            Who saves it.
        comment
            Why, on one line.

        Raises
        ------
        NotAllowedError
            Their role does not allow it. Nothing is saved.
        ConflictError
            Someone has saved another version since. Nothing is saved.
        StoreError
            A part cannot be kept, or the store cannot be written to. Nothing is saved.
        """
        require(who, Right.KEEP_SCENARIOS)
        checks.check_draft(draft)
        checks.check_line("The name of who saves it", who.signature)
        checks.check_line(f"The comment on '{draft.scenario_id}'", comment, checks.COMMENT, empty=True)
        checks.check_whole_number(
            "The version the work began from", expected_version, 0, checks.LARGEST_COUNT
        )
        with writing(self.engine, self.address) as connection:
            latest = _latest(connection, draft.scenario_id)
            if latest and (latest.title, latest.body, latest.key) == (draft.title, draft.body, draft.key):
                return latest
            if (latest.version if latest else 0) != expected_version:
                raise _conflict(draft.scenario_id, latest, expected_version)
            version = Version(
                draft.scenario_id,
                expected_version + 1,
                draft.title,
                draft.body,
                draft.key,
                who.signature,
                self.clock(),
                comment,
                draft.made_with.january,
                draft.made_with.model or None,
            )
            add_version(connection, version, version.saved_at, who.signature, "save")
        return version

    def get(self, scenario_id: str, version: int | None = None) -> Version:
        """Return one version of a scenario, or the latest if no number is given.

        Raises
        ------
        StoreError
            There is no such scenario or version.
        """
        with reading(self.engine, self.address) as connection:
            return self._find(connection, scenario_id, version)

    def latest(self, scenario_id: str) -> Version:
        """Return the latest version of a scenario.

        Raises
        ------
        StoreError
            There is no such scenario.
        """
        return self.get(scenario_id)

    def versions(self, scenario_id: str) -> tuple[Version, ...]:
        """Return all versions of a scenario, oldest first.

        Raises
        ------
        StoreError
            There is no such scenario.
        """
        with reading(self.engine, self.address) as connection:
            self._find(connection, scenario_id, None)
            wanted = _versions().where(SCENARIO_VERSION.c.scenario_id == scenario_id)
            return tuple(Version.of(row) for row in rows(connection, wanted))

    def scenarios(self) -> tuple[Version, ...]:
        """Return the latest version of every scenario, ordered by id."""
        columns = SCENARIO_VERSION.c
        last = select(columns.scenario_id, func.max(columns.version).label("version")).group_by(
            columns.scenario_id
        )
        chosen = last.subquery()
        wanted = select(SCENARIO_VERSION).join(
            chosen, (columns.scenario_id == chosen.c.scenario_id) & (columns.version == chosen.c.version)
        )
        with reading(self.engine, self.address) as connection:
            versions = [Version.of(row) for row in rows(connection, wanted)]
        # Databases sort text by their own rules, so it is sorted here.
        return tuple(sorted(versions, key=lambda one: one.scenario_id))

    def record_run(self, facts: RunFacts, summary: Mapping[str, object], *, who: Person) -> Run:
        """Record a run and return it.

        Parameters
        ----------
        facts
            What it was made of.
        summary
            Its main figures; whatever JSON can hold.
        who
            Who ran it.

        Raises
        ------
        NotAllowedError
            Their role does not allow it. Nothing is saved.
        StoreError
            A part cannot be kept, the version run is not in the store or has another hash, or the store cannot be written
            to. Nothing is saved.
        """
        require(who, Right.KEEP_SCENARIOS)
        checks.check_facts(facts)
        checks.check_line("The name of who ran it", who.signature)
        try:
            text = json.dumps(dict(summary), ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise StoreError(
                f"The figures of the run cannot be kept as JSON ({error}). Nothing was saved. Give plain numbers and text."
            ) from None
        checks.check_json_object("The figures of the run", text)
        with writing(self.engine, self.address) as connection:
            if facts.scenario_id is not None and facts.version is not None:
                version = self._find(connection, facts.scenario_id, facts.version)
                if version.key != facts.scenario_key:
                    raise StoreError(
                        f"The run cannot be recorded: it was of a scenario with hash {facts.scenario_key}, but "
                        f"{version.subject} has hash {version.key}. Nothing was saved. Save the scenario that was run "
                        "first, or record the run without a version."
                    )
            run = Run(str(uuid.uuid4()), facts, text, who.signature, self.clock())
            add_run(connection, run, run.run_at, who.signature, "run")
        return run

    def runs(self, scenario_id: str | None = None) -> tuple[Run, ...]:
        """Return the runs of a scenario, or all runs, in the order recorded."""
        wanted = _runs()
        if scenario_id is not None:
            wanted = wanted.where(RUN.c.scenario_id == scenario_id)
        with reading(self.engine, self.address) as connection:
            return tuple(Run.of(row) for row in rows(connection, wanted))

    def entries(self) -> tuple[LogEntry, ...]:
        """Return the entries of the log, oldest first."""
        with reading(self.engine, self.address) as connection:
            return tuple(LogEntry.of(row) for row in rows(connection, select(LOG).order_by(LOG.c.seq)))

    def verify_log(self) -> Break | None:
        """Return the first place where the log and the store disagree; None if they agree.

        See `scenarios.store.log` for what this proves and what it cannot.
        """
        with reading(self.engine, self.address) as connection:
            return log.first_break(connection)

    def export_all(self, path: Path) -> None:
        """Write every version and run to an export file, whole or not at all; see `scenarios.store.bundle`.

        Raises
        ------
        StoreError
            The store does not agree with its log, or the file cannot be written.
        """
        with reading(self.engine, self.address) as connection:
            broken = log.first_break(connection)
            if broken:
                raise StoreError(
                    f"The scenario store {self.address.shown} was not exported, because it was changed from outside: "
                    f"{broken.why} Put back a copy of the store, or import your last export into a new one."
                )
            versions = rows(connection, _versions())
            runs = rows(connection, _runs())
            last = log.head(connection)
        bundle.write(path, versions, runs, exported_at=self.clock(), log_head=last)

    def import_all(
        self, path: Path, *, who: Person, check: Callable[[Version], object] | None = None
    ) -> Imported:
        """Add the versions and runs of an export that the store lacks, all or none, overwriting nothing.

        Parameters
        ----------
        path
            A file that `export_all` wrote.
        who
            Who imports it; who saved each version, and when, stays as it was.
        check
            Raises an error for a version that may not come in.

        Raises
        ------
        NotAllowedError
            Their role does not allow it. Nothing is saved.
        ConflictError
            The store holds other content under the same number, or lacks versions in between. Nothing is saved.
        StoreError
            The file is not an export or is damaged, or the store cannot be written to. Nothing is saved.
        """
        require(who, Right.IMPORT)
        checks.check_line("The name of who imports it", who.signature)
        offered = bundle.read(path)
        for version in offered.versions:
            if check:
                check(version)
        with writing(self.engine, self.address) as connection:
            kept = {row["run_id"]: row_hash(row) for row in rows(connection, _runs())}
            stored: dict[tuple[str, int], str] = {}
            last: dict[str, int] = {}
            for row in rows(connection, _versions()):
                stored[row["scenario_id"], row["version"]] = row_hash(row)
                last[row["scenario_id"]] = row["version"]
            plan = bundle.compare(offered, stored, last, kept)
            if plan.conflicts:
                raise ConflictError(bundle.describe_conflicts(path, plan.conflicts))
            now = self.clock()
            for version in plan.versions:
                add_version(connection, version, now, who.signature, "import version")
            for run in plan.runs:
                add_run(connection, run, now, who.signature, "import run")
        return Imported(len(plan.versions), len(plan.runs), plan.already)

    def _find(self, connection: Connection, scenario_id: str, version: int | None) -> Version:
        latest = _latest(connection, scenario_id)
        if latest is None:
            near = difflib.get_close_matches(scenario_id, _ids(connection), n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise StoreError(
                f"There is no scenario '{scenario_id}' in {self.address.shown}.{hint} "
                "See what there is with 'sendplan scenario list'."
            )
        if version is None or version == latest.version:
            return latest
        columns = SCENARIO_VERSION.c
        wanted = select(SCENARIO_VERSION).where(
            columns.scenario_id == scenario_id, columns.version == version
        )
        stored = rows(connection, wanted)
        if not stored:
            raise StoreError(
                f"There is no version {version} of '{scenario_id}' in {self.address.shown}: it has versions 1 to "
                f"{latest.version}. See them with 'sendplan scenario history {scenario_id}'."
            )
        return Version.of(stored[0])


def add_version(connection: Connection, version: Version, now: datetime, who: str, what: str) -> None:
    """Add the row of a version, and its log entry."""
    row = version.row()
    connection.execute(insert(SCENARIO_VERSION).values(**row))
    log.append(connection, now, who, what, version.subject, row_hash(row))


def add_run(connection: Connection, run: Run, now: datetime, who: str, what: str) -> None:
    """Add the row of a run, and its log entry."""
    row = run.row()
    connection.execute(insert(RUN).values(**row))
    log.append(connection, now, who, what, run.subject, row_hash(row))


def _versions() -> Select[Any]:
    return select(SCENARIO_VERSION).order_by(SCENARIO_VERSION.c.scenario_id, SCENARIO_VERSION.c.version)


def _runs() -> Select[Any]:
    return select(RUN).order_by(RUN.c.run_at, RUN.c.run_id)


def _ids(connection: Connection) -> list[str]:
    return [row.scenario_id for row in connection.execute(select(SCENARIO_VERSION.c.scenario_id).distinct())]


def _latest(connection: Connection, scenario_id: str) -> Version | None:
    wanted = (
        select(SCENARIO_VERSION)
        .where(SCENARIO_VERSION.c.scenario_id == scenario_id)
        .order_by(SCENARIO_VERSION.c.version.desc())
        .limit(1)
    )
    stored = rows(connection, wanted)
    return Version.of(stored[0]) if stored else None


def _conflict(scenario_id: str, latest: Version | None, expected: int) -> ConflictError:
    if latest is None:
        return ConflictError(
            f"'{scenario_id}' is not in this store, but the work began from its version {expected}. Nothing was saved. "
            "Check that this is the right store, or save it as a new scenario."
        )
    changed = f"{latest.saved_by} on {moment(latest.saved_at)} (version {latest.version})"
    if expected == 0:
        return ConflictError(
            f"There is already a scenario '{scenario_id}' ({latest.title}), last saved by {changed}. Nothing was saved. "
            f"Open version {latest.version} and make your change there, or give yours another id."
        )
    if expected > latest.version:
        return ConflictError(
            f"The work began from version {expected} of '{scenario_id}', but the latest in this store is version "
            f"{latest.version}. Nothing was saved. Check that this is the right store, or open version {latest.version}."
        )
    return ConflictError(
        f"'{scenario_id}' was changed by {changed} since you opened version {expected}. Nothing was saved. "
        f"Open version {latest.version}, make your change there and save again."
    )
