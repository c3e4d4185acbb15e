"""What was saved on January 2025 (`tests/saved_january_2025`), copied so that a test may open and change it."""

from __future__ import annotations

import shutil
from pathlib import Path

MADE = Path(__file__).parent / "saved_january_2025"


def copy_of(name: str, folder: Path) -> Path:
    """Return a copy of a file or folder, in a folder of the test."""
    source, target = MADE / name, folder / name
    return Path(shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target))
