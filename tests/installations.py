"""Copies of this installation that a test may bring up to date, and what is in use in one."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd

from data import switching, tables
from data.ingest.layout import OneRelease
from data.ingest.overlay import Overlay, Tables, lay_over
from data.ingest.plausibility import ReleaseFindings
from data.ingest.reading import sha256
from forecast.updating.update import Installation, Steps

ROOT = tables.DATA_DIR.parent
IN_USE = (
    "data/published",
    "data/fitted",
    "data/reference",
    "data/SOURCES.csv",
    "data/ingest/sen2_layouts",
    "docs/track-record.md",
)


def copied(folder: Path) -> Installation:
    """Copy this installation into a folder: data whole, and of code only what a copy needs to be one."""
    for name in IN_USE:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("failed"))
        else:
            shutil.copy(ROOT / name, target)
    for package in ("models", "scenarios", "forecast"):
        (folder / package).mkdir()
    return Installation(folder)


def tree(root: Path) -> dict[str, str]:
    """Return the hash of every file in use by its name, and of every other that stands in the folder but the lock."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name != switching.LOCK)
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def january_in_use(here: Installation) -> int:
    """Return the January in use, after making sure that tables, hashes, origins and fit are all of one release."""
    published = here.data / "published"
    for name, digest in tables.published_hashes(published).items():
        assert hashlib.sha256((published / name).read_bytes()).hexdigest() == digest, name
    last = int(pd.read_parquet(published / "plans_total.parquet", columns=["january"])["january"].max())
    assert here.in_use.january == last
    assert fit_of(here.root)["origin"] == last
    return last


def fit_of(root: Path) -> dict[str, object]:
    about: dict[str, object] = json.loads(
        (root / "data" / "fitted" / "manifest.json").read_text(encoding="utf-8")
    )
    return about


def stubbed_fit(root: Path) -> None:
    """Stand in for a fit, which takes minutes: say in the manifest which January it would be of."""
    last = int(
        pd.read_parquet(root / "data" / "published" / "plans_total.parquet", columns=["january"])[
            "january"
        ].max()
    )
    (root / "data" / "fitted" / "manifest.json").write_text(
        json.dumps({**fit_of(root), "origin": last}), encoding="utf-8"
    )


_laid_over: dict[str, Overlay] = {}


def lay_over_once(release: OneRelease, january: int, in_use: Tables) -> Overlay:
    """Lay a release over the tables of this installation, or return what came of it before: it takes some seconds."""
    digest = sha256(release.root / release.layout.file)
    whole = hashlib.sha256(in_use("plans_total").to_csv().encode()).hexdigest()
    if digest + whole not in _laid_over:
        _laid_over[digest + whole] = lay_over(release, january, in_use)
    return _laid_over[digest + whole]


def agreed(findings: ReleaseFindings) -> bool:
    """Agree to every release."""
    return True


def steps(**others: object) -> Steps:
    """Return steps that fit and score nothing, with what a test replaces."""
    quick: dict[str, object] = {
        "agree": agreed,
        "fit": stubbed_fit,
        "record": lambda *_: ("scored",),
        "audit": lambda _: None,
    }
    return Steps(**{**quick, **others})  # type: ignore[arg-type]
