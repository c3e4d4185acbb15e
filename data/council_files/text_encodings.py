"""The text of a file whose encoding nobody wrote down: UTF-8, UTF-16, Windows-1252 or Mac Roman, where the bytes leave no doubt.

Invariant: an encoding is used only on evidence: a byte order mark, the zero bytes of UTF-16, text that is valid UTF-8, or letters
and signs that make sense in one of the two older encodings and not in the other. Otherwise the file is refused.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and the encodings that they say."""

NAMES: dict[str, str] = {
    "utf-8-sig": "UTF-8",
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
}
"""What people call each encoding."""

_USUAL = set("\u2019\u2018“”\u2013—£€•…·½¼¾°²³±\u00d7\u00a0éèêëáàâäïîöôüûçñÉÈÊÖÜÇÁ®©™§")
"""Characters beyond ASCII that names of schools, prices and notes in English use."""


class UncertainEncodingError(ValueError):
    """The bytes of a file do not say which characters they are; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file, and the encoding that it was in."""

    text: str
    encoding: str


def decoded(raw: bytes) -> DecodedText:
    """Return the text of a file.

    Raises
    ------
    UncertainEncodingError
        No encoding is certain.
    """
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return DecodedText(_strictly(raw, encoding), encoding)
    if b"\0" in raw[:4000] and (wide := _utf16_order(raw)) is not None:
        return DecodedText(_strictly(raw, wide), wide)
    try:
        return DecodedText(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        return _in_one_of_two(raw, error)


def _strictly(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise UncertainEncodingError(
            f"begins as {NAMES[encoding]} and then is not (line {_line(raw, error.start)}, byte {error.start})"
        ) from None


def _line(raw: bytes, at: int) -> int:
    return raw.count(b"\n", 0, at) + 1


def _utf16_order(raw: bytes) -> str | None:
    """Return the order of bytes of UTF-16 without a mark, whose every other byte is zero where text is English."""
    start = raw[:4000]
    first, second = start[0::2].count(0), start[1::2].count(0)
    if len(start) >= 8 and second > 0.6 * len(start) / 2 and first == 0:
        return "utf-16-le"
    if len(start) >= 8 and first > 0.6 * len(start) / 2 and second == 0:
        return "utf-16-be"
    return None


def _in_one_of_two(raw: bytes, error: UnicodeDecodeError) -> DecodedText:
    """Return text in Windows-1252 or Mac Roman: whichever alone gives characters that make sense where they stand."""
    readings: dict[str, str] = {}
    for encoding in ("cp1252", "mac_roman"):
        try:
            readings[encoding] = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    odd = {encoding: strange_characters(text) for encoding, text in readings.items()}
    sensible = [encoding for encoding, strange in odd.items() if not strange]
    if len(sensible) == 1 or (sensible and len({readings[e] for e in sensible}) == 1):
        return DecodedText(readings[sensible[0]], sensible[0])
    line = _line(raw, error.start)
    shown = " or ".join(
        f"'{_around(text, raw, error.start)}' ({NAMES[encoding]})" for encoding, text in readings.items()
    )
    raise UncertainEncodingError(
        f"is not UTF-8 text (line {line}, byte {error.start}), and its bytes do not say in which other encoding it was "
        f"saved: the "
        f"text there could be {shown or 'anything'}"
    )


def strange_characters(text: str) -> list[str]:
    """Return the characters beyond ASCII that make no sense where they stand in English text."""
    return [text[at] for at in range(len(text)) if text[at] > "\x7f" and not _makes_sense(text, at)]


def _makes_sense(text: str, at: int) -> bool:
    character = text[at]
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character not in _USUAL:
        return False
    if character.isalpha():
        if not (before.isalpha() or after.isalpha()):
            return False
        return not (character.isupper() and before.islower())
    if character == "\u2019":
        return before.isalnum() or before in ")”\u2019" or after.isalnum()
    if re.match("[£]", character):
        return (
            bool(re.match(r"\s?[\d.]|\s*[mkpMK)\],;\"']|\s*$", text[at + 1 : at + 4])) or not before.isalpha()
        )
    return True


def _around(text: str, raw: bytes, at: int) -> str:
    """Return the word of a one-byte encoding around a byte."""
    start = max(0, at - 12)
    return "".join(c if c.isprintable() else "?" for c in text[start : at + 12]).strip()
