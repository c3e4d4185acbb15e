"""Errors that a planner can act on: each message says what is wrong, where, why it matters and how to fix it.

Each class is also a standard-library type, so code outside the project can catch it without importing us.
The command line prints the message as one paragraph and exits with code 2; the app shows it in place.
"""


class PlannerError(Exception):
    """Base of every error that bad input can cause."""


class AreaError(PlannerError, LookupError):
    """An area was not recognised."""


class SourceError(PlannerError, ValueError):
    """An official release does not have the layout, columns or markers we know."""


class TableError(PlannerError, ValueError):
    """A published table is missing or breaks its schema."""


class UpdateError(PlannerError, RuntimeError):
    """The tables cannot be brought up to date; what was in use before still is."""


class RegisterError(PlannerError, ValueError):
    """A capacity register cannot be used."""


class CountError(PlannerError, ValueError):
    """The council's own counts cannot be used."""


class HistoryError(PlannerError, ValueError):
    """The history asked for does not exist or is too short to forecast from."""


class FitError(PlannerError, RuntimeError):
    """There is no fitted result that may be used."""


class OptionError(PlannerError, ValueError):
    """A command-line or form option is out of range."""


class DrawsError(PlannerError, ValueError):
    """Draws of a forecast cannot be summarised: some are not numbers, or it is not said which axis holds them."""


class OutputError(PlannerError, OSError):
    """Results cannot be written."""


class ScenarioError(PlannerError, ValueError):
    """A scenario cannot be read, or cannot act on the authority or the years requested."""


class StoreError(PlannerError, RuntimeError):
    """The scenario store cannot be opened, read or written, or refuses the values given."""


class ConflictError(StoreError):
    """Somebody else has saved since this edit began; nothing of the later save was kept."""


class PriceError(PlannerError, ValueError):
    """A price, a price book or a ledger of unit costs cannot be used."""


class CapitalError(PlannerError, ValueError):
    """Candidate schemes cannot be read, appraised or chosen between."""


class NotAllowedError(PlannerError, PermissionError):
    """The person's role, or not being signed in, does not allow the action; nothing was done."""


class PeopleError(PlannerError, ValueError):
    """The list of people who may sign in is missing or unusable, so nobody may sign in."""


class UploadError(PlannerError, ValueError):
    """A file that was put in takes too long or too much memory to read."""


class BusyError(PlannerError, RuntimeError):
    """Another file is being read; nothing is wrong with the one that was put in, and it may be put in again."""
