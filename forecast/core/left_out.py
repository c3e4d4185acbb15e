"""Libraries that a plain installation leaves out, and what to say where one is needed.

They build tables from the official releases, fit models and score earlier forecasts: the extra ``rebuild`` of ``pyproject.toml``.
"""

from __future__ import annotations

import re

LEFT_OUT: tuple[str, ...] = ("arviz", "nutpie", "pymc", "pyogrio", "pytensor", "statsmodels")
"""Names of the libraries; pytensor comes with pymc."""


def message_for(error: ImportError) -> str | None:
    """Return what to tell the user of an import that failed, or None if the library is not one that is left out."""
    missing = [name for name in LEFT_OUT if re.search(rf"\b{name}\b", f"{error.name} {error}")]
    if not missing:
        return None
    return (
        f"This needs the library {missing[0]}, which a plain installation leaves out: it builds tables, fits models and scores "
        "earlier forecasts. Run 'make tools' to install it, or see 'Everything else' in docs/installation.md."
    )
