"""Parser of the part of YAML that scenarios are written in, which remembers the line of each value.

Mappings with text keys, lists, text, whole numbers, decimals, true, false and null. What a scenario never needs is refused:
anchors and aliases (a few lines of them unfold to gigabytes), tags, several documents, a key given twice. Only values that look
like JSON's are numbers or truth values, so ``no``, ``2027..2030`` and 2026-03-13 stay the text they were.

Invariant: reading takes time and memory in proportion to the text, which is limited: it builds no object of the parser and stops
at the first value beyond `MOST_VALUES` or `DEEPEST`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Path = tuple[str | int, ...]
"""Where a value stands: keys and positions, from the top."""

MOST_BYTES = 1_000_000
"""Longest text, in bytes of UTF-8."""

MOST_VALUES = 20_000
"""Most values, keys included; the longest scenario of 200 levers has far fewer."""

DEEPEST = 12
"""Deepest nesting."""

LONGEST_NUMBER = 30
"""Longest number, in characters; longer ones are text."""

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
# No more than what PyYAML reads as a number, so text that it writes without quotes is read as text again.
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?", re.ASCII)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


class YamlTextError(Exception):
    """An error in YAML text: what is wrong and on which line.

    Parameters
    ----------
    line
        Line, from 1; 0 where it is the whole text.
    text
        What is wrong and how to fix it.
    """

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line
        self.text = text


@dataclass
class Parsed:
    """The values of a text, and the line of each, counted from 1."""

    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """Return the line of a value, or of the nearest value around it; 0 if none is known."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


def parse_yaml(text: str) -> Parsed:
    """Return the values of a YAML text.

    Raises
    ------
    YamlTextError
        See the module.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MOST_BYTES:
        raise YamlTextError(
            0,
            f"it has {size:,} bytes; a scenario has at most {MOST_BYTES:,}. Check that it is a scenario file, or split it.",
        )
    reader = _Reader(text)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 0 if mark is None else mark.line + 1
        raise YamlTextError(
            line, f"it is not valid YAML here ({error.problem or error.context}). {_HINT}"
        ) from None
    except yaml.YAMLError as error:
        where = getattr(error, "position", None)
        line = 0 if where is None else text.count("\n", 0, int(where)) + 1
        raise YamlTextError(line, f"it holds a character that YAML does not allow. {_HINT}") from None
    except (ValueError, OverflowError):
        # PyYAML lets these through for escapes and directives with numbers beyond any character or version.
        raise YamlTextError(0, f"it is not valid YAML. {_HINT}") from None


_HINT = "Check the spaces at the start of lines, and put text that holds ': ', ' #' or begins with a sign in quotes."


class _Reader:
    """One pass over the events of the parser."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[yaml.Event] = iter(yaml.parse(text, Loader=yaml.SafeLoader))
        self._count = 0
        self._result = Parsed()

    def document(self) -> Parsed:
        """Return the values of the document; more than one document is refused."""
        started = False
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    raise YamlTextError(
                        _line(event), "a second document begins. Keep one scenario in a file."
                    )
                started = True
                self._result.value = self._value(next(self._events), ())
        return self._result

    def _value(self, event: yaml.Event, path: Path) -> object:
        self._count += 1
        line = _line(event)
        if self._count > MOST_VALUES:
            raise YamlTextError(
                line, f"it has more than {MOST_VALUES:,} values, more than any scenario. Split it."
            )
        if len(path) > DEEPEST:
            raise YamlTextError(
                line, f"it is nested more than {DEEPEST} deep, deeper than any scenario. Make it flatter."
            )
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise YamlTextError(
                line, "anchors (&) and aliases (*) are not read. Write the value out, or put it in quotes."
            )
        if getattr(event, "tag", None) is not None:
            raise YamlTextError(line, "tags (!) are not read. Delete it, or put the text in quotes.")
        self._result.lines[path] = line
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        assert isinstance(event, yaml.ScalarEvent)  # the parser knows no other beginning of a value
        return _scalar(event.value) if event.implicit[0] and not event.style else event.value

    def _mapping(self, path: Path) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise YamlTextError(
                    _line(event), "a key should be a plain word. Put text with braces or brackets in quotes."
                )
            self._count += 1
            key = event.value
            if key in mapping:
                raise YamlTextError(_line(event), f"the key '{key[:40]}' is given twice. Delete one of them.")
            mapping[key] = self._value(next(self._events), (*path, key))
            # The line of the key: where its value is a list or mapping, that begins lower down.
            self._result.lines[(*path, key)] = _line(event)
        return mapping

    def _sequence(self, path: Path) -> list[object]:
        sequence: list[object] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            sequence.append(self._value(event, (*path, len(sequence))))
        return sequence


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None  # the parser marks every event
    return int(event.start_mark.line) + 1


def _scalar(text: str) -> object:
    """Return the value of plain text: a number, a truth value, null or the text itself."""
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    if len(text) <= LONGEST_NUMBER:
        if _WHOLE.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return float(text)
    return text
