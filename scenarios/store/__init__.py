"""The scenario store: every version and run is kept, none is overwritten, and a log shows tampering.

`Store` is the door; the rest of the package is behind it. The store keeps the text of a scenario and its hash and gives
the same text back. It does not know what a lever is, so it still opens what a later release can no longer run.
"""

from scenarios.store.bundle import Imported
from scenarios.store.log import Break
from scenarios.store.rows import Draft, LogEntry, Run, RunFacts, Version
from scenarios.store.store import Store

__all__ = ["Break", "Draft", "Imported", "LogEntry", "Run", "RunFacts", "Store", "Version"]
