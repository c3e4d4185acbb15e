"""Files that people might give us, damaged or hostile, and what happens when they are read.

``python -m tests.fuzzed_files 2000`` damages valid files of every kind, adds the known attacks, reads each as an upload is read
(in a process with limits), and prints for each kind how many were read, refused in words, stopped at a limit, or ended in a
traceback.

Invariant: the file of a kind and a number is the same on every machine.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path

from data.capital.candidate_file import shipped as shipped_schemes
from data.capital.candidate_file import to_csv as schemes_csv
from data.council_files.problems import report
from data.counts.counts_file import OnDay, read_counts, write_counts
from data.counts.own_counts import OwnCounts, PlansCount, WaitingCount
from data.errors import OptionError, PlannerError, UploadError
from data.prices.ledger import to_csv as prices_csv
from data.registers import starting_register
from data.registers.register import academic_year
from data.registers.register_file import cells, read_register
from data.registers.register_file import to_csv as register_csv
from data.registers.register_workbook import to_workbook
from data.sign_in import allow_list
from data.sign_in.people import this_computer
from data.vocabulary import BAND_CODES
from forecast.jobs.file_reader import FileReader
from forecast.places.preference_file import read_order, write_order
from forecast.places.preference_order import default_rules
from forecast.ui.views import council_files
from scenarios.keeping import make_draft, scenario_of
from scenarios.reading import LIBRARY, library, read
from scenarios.store import Store, bundle
from scenarios.store.rows import row_hash

REDBRIDGE = 317
SEED = 20261130
TODAY = date(2026, 11, 30)


def read_bundle(path: Path) -> int:
    """Return how many scenarios an export holds, each of which could be run."""
    return len([scenario_of(version) for version in bundle.read(path).versions])


def read_table(path: Path, kind: str) -> object:
    """Return what a page reads from a table of the council's; its problems, and a table to be confirmed, are raised as errors."""
    look = council_files.look_at(path, kind, REDBRIDGE)
    if look.checked is not None:
        problems = [p for table in look.checked.values() for p in table.problems]
        raise OptionError(report(path.name, problems))
    if look.proposal is not None:
        raise OptionError(f"{path.name} is to be confirmed")
    return look.content


READERS: dict[str, tuple[str, Callable[..., object], tuple[object, ...]]] = {
    "register CSV": (".csv", read_register, (REDBRIDGE,)),
    "register xlsx": (".xlsx", read_register, (REDBRIDGE,)),
    "unit costs CSV": (".csv", read_table, ("prices",)),
    "schemes CSV": (".csv", read_table, ("schemes",)),
    "counts CSV": (".csv", read_counts, (REDBRIDGE, OnDay(TODAY, 2026))),
    "counts xlsx": (".xlsx", read_counts, (REDBRIDGE, OnDay(TODAY, 2026))),
    "preference order CSV": (".csv", read_order, ()),
    "people TOML": (".toml", allow_list.read, ()),
    "scenario YAML": (".yaml", read, ()),
    "export of scenarios": (".jsonl", read_bundle, ()),
}
"""Kinds of file: their ending, and what reads them, at the top of a module, with further arguments."""

COUNTED = OwnCounts(
    la_code=REDBRIDGE,
    plans=PlansCount(day=date(2026, 9, 30), total=4310, bands=dict.fromkeys(BAND_CODES, 862), ceased=190),
    waiting=(
        WaitingCount(day=date(2026, 9, 30), need="ASD", phase="primary", children=35, definition="named"),
    ),
)
"""Counts to damage."""

PEOPLE = """contact = "send.data@council.gov.uk"
[[allow]]
domain = "council.gov.uk"
role = "viewer"
[[allow]]
email = "jo.smith@council.gov.uk"
role = "planner"
"""

JUNK: tuple[bytes, ...] = tuple(
    text.encode("utf-8", "surrogatepass")
    for text in (
        "\x00",
        "\x07",
        "\x1b[2J",
        "\ufeff",
        "\ud800",
        "\u2028",
        "\u202e",
        "٣",
        "½",
        "é",
        "😀",
        '"',
        '"' * 999,
        "'",
        ",",
        ",,,,",
        ",x" * 300,
        "\n",
        "\r",
        "\n" * 3000,
        "\t",
        ";",
        "9" * 30,
        "9" * 5000,
        "-1",
        "1e999",
        "1e-999",
        "NaN",
        "inf",
        "0x10",
        "1_000",
        "1.",
        "=1+1",
        '=HYPERLINK("http://x")',
        "@SUM(1)",
        "&a",
        "*a",
        "!!python/object/apply:os.system [ls]",
        "!<x>",
        "{",
        "}",
        "[",
        "[" * 2000,
        "{a: " * 2000,
        "]",
        ": ",
        "- ",
        "#",
        "|",
        ">",
        "%",
        "\\",
        "\\u0000",
        "\\ud800",
        "null",
        "true",
        "~",
        "2026-02-30",
        "9999-12-31",
        "0001-01-01T00:00:00Z",
        "2024/25",
        "2099/00",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>",
        "&lol;",
        "</row>",
        "<c r='A1'/>",
        "t='s'",
        "x" * 40_000,
        "../../x",
        "file:///etc/passwd",
        "http://x",
        "a@b",
        "",
    )
)
"""What is put into files."""


@cache
def valid(kind: str) -> tuple[bytes, ...]:
    """Return valid files of a kind."""
    register = starting_register.shipped(REDBRIDGE)
    schemes = shipped_schemes(REDBRIDGE)
    assert register is not None
    assert schemes is not None
    match kind:
        case "register CSV":
            return (register_csv(register).encode("utf-8-sig"),)
        case "register xlsx":
            return (to_workbook(cells(register), "x.xlsx"),)
        case "unit costs CSV":
            book = council_files.book(REDBRIDGE, None)
            return (prices_csv(book.in_use(), REDBRIDGE).encode("utf-8-sig"),)
        case "schemes CSV":
            return (schemes_csv(schemes.rows).encode("utf-8-sig"),)
        case "people TOML":
            return (PEOPLE.encode(),)
        case "scenario YAML":
            return tuple(path.read_bytes() for path in sorted(LIBRARY.glob("*.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file{READERS[kind][0]}"
        if kind in ("counts CSV", "counts xlsx"):
            write_counts(COUNTED, path)
        elif kind == "preference order CSV":
            write_order(default_rules(), path)
        else:
            store = Store.open(Path(folder) / "store.sqlite")
            for scenario in list(library().values())[:4]:
                store.save(make_draft(scenario), expected_version=0, who=this_computer("Jo"))
            store.export_all(path)
        return (path.read_bytes(),)


def damaged(kind: str, number: int) -> bytes:
    """Return the damaged file of a kind and a number."""
    rng = random.Random(f"{SEED} {kind} {number}")
    content = rng.choice(valid(kind))
    if rng.random() < 0.02:
        return rng.choice(valid(rng.choice(list(READERS))))
    if kind.endswith("xlsx") and rng.random() < 0.8:
        return _workbook_damaged(content, rng)
    if kind == "export of scenarios" and rng.random() < 0.7:
        return _export_damaged(content, rng)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        content = _damaged_once(content, rng)
    return content


def _damaged_once(content: bytes, rng: random.Random) -> bytes:
    """Return content with one thing wrong."""
    at, to = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    words = [match.span() for match in re.finditer(rb"[\w.-]+", content)] or [(0, 0)]
    match rng.randrange(12):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + content[to:]
        case 2:
            return content[:at] + content[at : at + 200] * rng.choice((2, 30, 500)) + content[at:]
        case 3:
            return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :]
        case 4:
            return content[:at] + rng.choice(JUNK) + content[at:]
        case 5:
            lines = content.splitlines(keepends=True)
            rng.shuffle(lines)
            return b"".join(lines)
        case 6:
            return content.replace(b",", rng.choice((b";", b"\t", b",,"))).replace(
                b"\n", rng.choice((b"\n", b"\r", b"\n\n"))
            )
        case 7:
            return content.decode("utf-8", "replace").encode(
                rng.choice(("utf-16", "utf-7", "cp1252", "utf-32")), "replace"
            )
        case _:
            # Most often: another word in the place of one.
            first, last = rng.choice(words)
            one, two = rng.choice(words)
            return content[:first] + rng.choice((rng.choice(JUNK), content[one:two])) + content[last:]


def _parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    """Return parts as a zip archive, the same on every day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _workbook_damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a workbook with something wrong inside one of its parts, most often the sheet."""
    parts = _parts(content)
    name = rng.choice([*parts, *(["xl/worksheets/sheet1.xml"] * len(parts))])
    part = parts[name]
    if rng.random() < 0.5:
        swaps = (
            (
                rb' r="[A-Z]+\d+"',
                b' r="%s"' % rng.choice((b"XFD1048576", b"ZZZZ9", b"A0", b"1", b"A99999999999", b"A-1")),
            ),
            (rb' t="\w+"', b' t="%s"' % rng.choice((b"s", b"d", b"e", b"b", b"str", b"inlineStr", b"zz"))),
            (rb' s="\d+"', b' s="%s"' % rng.choice((b"99999", b"-1", b"x"))),
            (rb"<v>[^<]*</v>", b"<v>%s</v>" % rng.choice(JUNK)),
            (rb"<c ", b"<c><f>1+1</f></c><c "),
            (rb"<row ", rng.choice((b"<row/><row ", b"<row r='0'/><row ", b"<row r='1048576'/><row "))),
        )
        pattern, instead = rng.choice(swaps)
        part = re.sub(pattern, lambda _: instead, part, count=rng.choice((1, 3, 0)))
    else:
        part = _damaged_once(part, rng)
    if rng.random() < 0.05:
        del parts[name]
    else:
        parts[name] = part
    return packed(parts)


def _export_damaged(content: bytes, rng: random.Random) -> bytes:
    """Return an export with something wrong in a line, and its hashes made true again, as somebody could who knows them."""
    lines = content.decode().rstrip("\n").split("\n")
    at = rng.randrange(len(lines))
    with suppress(ValueError, RecursionError):
        line = json.loads(_damaged_once(lines[at].encode(), rng).decode("utf-8", "replace"))
        if isinstance(line, dict) and isinstance(line.get("row"), dict):
            line["hash"] = row_hash(line["row"])
        lines[at] = json.dumps(line, sort_keys=True)
    body = "".join(f"{line}\n" for line in lines[:-1])
    with suppress(ValueError, AttributeError):
        last = json.loads(lines[-1])
        last["hash"] = bundle._hash(body)
        lines[-1] = json.dumps(last)
    return (body + lines[-1] + "\n").encode("utf-8", "surrogatepass")


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
TEXT = b"<row><c t='inlineStr'><is><t>%s</t></is></c></row>"
ONE = b"<c><v>1</v></c>"
LAUGHS = b"<!DOCTYPE l [<!ENTITY a0 'ha'>%s]>" % b"".join(
    b"<!ENTITY a%d '%s'>" % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
)
OUTSIDE = b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
LINK = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type='
    b'"http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath" '
    b'Target="http://127.0.0.1:9/x.xlsx" TargetMode="External"/></Relationships>'
)
TABLES = ("register CSV", "unit costs CSV", "schemes CSV", "preference order CSV")
TREES = ("scenario YAML", "people TOML", "export of scenarios")


def attacks(*, large: bool = True) -> Iterator[tuple[str, str, bytes]]:
    """Return the known attacks: kind of file, what it is, and the file; those that take seconds to refuse only if ``large``."""
    for kind in TABLES:
        for what, content in _table_attacks(kind, large):
            yield kind, what, content
    for what, content in _workbook_attacks(large):
        yield "register xlsx", what, content
    for kind in TREES:
        for what, content in _tree_attacks(large):
            yield kind, what, content
    laughs = (b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12))
    yield "scenario YAML", "billion laughs", b"a0: &a0 [x]\n" + b"".join(laughs)
    yield "scenario YAML", "an object of Python", b"!!python/object/apply:os.system ['true']"
    yield "scenario YAML", "100,000 keys", b"".join(b"k%d: 1\n" % n for n in range(100_000))
    yield "scenario YAML", "one long line", b"id: " + b"a " * 450_000
    yield "scenario YAML", "keys of keys", b"? " * 100_000
    many = (b'[[allow]]\nemail = "a%d@b.uk"\nrole = "viewer"\n' % n for n in range(100_000))
    yield "people TOML", "100,000 people", PEOPLE.encode() + b"".join(many)
    yield "people TOML", "dotted keys", b".".join([b"a"] * 50_000) + b" = 1"


def _table_attacks(kind: str, large: bool) -> Iterator[tuple[str, bytes]]:
    header, _, body = valid(kind)[0].partition(b"\n")
    row = body.split(b"\n")[0] + b"\n"
    yield "100,000 columns", b",".join([b"a"] * 100_000) + b"\n" + b",".join([b"b"] * 100_000)
    yield "one open quote", b'"' + b"x" * 1_000_000
    yield "quotes in quotes", b'"' * 999_999
    yield "a cell of 200,000 characters", valid(kind)[0] + b"\n" + b"x" * 200_000
    yield "nothing", b""
    yield "NULs", b"\x00" * 1_000_000
    yield "a workbook", valid("register xlsx")[0]
    yield "the same row 4,900 times", header + b"\n" + row * 4_900
    if large:
        yield "19.9 MB of blank lines", b"\r\n" * 9_950_000
    if large and kind == "register CSV":
        yield "4,900 rows of one school", _one_school(header + b"\n" + body)


def _one_school(text: bytes) -> bytes:
    """Return a register of one school whose rows share no year, age and need: every pair must be looked at."""
    names, first, *_ = csv.reader(io.StringIO(text.decode("utf-8-sig"), newline=""))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    for n in range(4_900):
        year = academic_year(2001 + n // 26 % 90)
        cells_of = dict(zip(names, first, strict=True)) | {
            "urn": "", "age_low": str(n % 26), "age_high": str(n % 26), "from_academic_year": year, "to_academic_year": year,
            "needs": ("ASD", "SEMH", "SLCN")[n // 2340], "agreed_on": "", "phasing": "", "roll": "", "roll_january": "",
        }  # fmt: skip
        writer.writerow(cells_of.values())
    return out.getvalue().encode()


def _workbook_attacks(large: bool) -> Iterator[tuple[str, bytes]]:
    book = _parts(valid("register xlsx")[0])
    sheet, texts = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"

    def with_rows(rows: bytes, before: bytes = b"") -> bytes:
        return packed(book | {sheet: before + SHEET % rows})

    yield "a row a million down", with_rows(b"<row r='1048576'>%s</row>" % ONE)
    yield "a cell far to the right", with_rows(b"<row><c r='XFD1'><v>1</v></c></row>")
    yield "billion laughs", with_rows(TEXT % b"&a11;", LAUGHS)
    yield "laughs among texts", packed(book | {texts: LAUGHS + b"<sst><si><t>&a11;</t></si></sst>"})
    yield "a file from outside", with_rows(TEXT % b"&e;", OUTSIDE)
    yield "links to other books", packed(book | {"xl/externalLinks/_rels/externalLink1.xml.rels": LINK})
    yield "deep tags", packed(book | {sheet: b"<a>" * 100_000})
    yield "a zip of zips", packed({"xl/workbook.xml": packed(book)})
    yield "cut in half", valid("register xlsx")[0][:5000]
    yield "a CSV file", valid("register CSV")[0]
    yield (
        "a formula without a result",
        packed(book | {sheet: book[sheet].replace(b"<c ", b"<c><f>1</f></c><c ", 1)}),
    )
    if large:
        yield "10 million cells", with_rows(b"<row>%s</row>" % (ONE * 1000) * 10_000)
        yield "4 million empty cells", with_rows(b"<row>%s</row>" % (b"<c/>" * 200) * 20_000)
        yield "9 MB of cells in one row", with_rows(b"<row>%s</row>" % (ONE * 600_000))
        noise = random.Random(SEED)
        cells_of = b"".join(b"<c><v>%d</v></c>" % noise.randrange(10**9) for _ in range(1_500_000))
        yield "1.5 million numbers in one row", with_rows(b"<row>%s</row>" % cells_of)
        yield "a part of 300 MB", packed(book | {texts: b" " * 300_000_000})
        yield "10,000 parts", packed(book | {f"xl/x{n}.xml": b"<x/>" for n in range(10_000)})


def _tree_attacks(large: bool) -> Iterator[tuple[str, bytes]]:
    yield "deep lists", b"a: " + b"[" * 100_000
    yield "deep lists of TOML", b"a = " + b"[" * 900 + b"\n[" * 100_000
    yield "deep JSON", b'{"a":' * 100_000
    yield "a huge number", b"id: a\ntitle: " + b"9" * 500_000
    yield "a huge number of TOML", b"a = " + b"9" * 900
    yield "a huge number of JSON", b'{"format": ' + b"9" * 500_000 + b"}\n"
    if large:
        yield "19.9 MB of blank lines", b"\n" * 19_900_000
    yield "a workbook", valid("register xlsx")[0]
    yield "nothing", b""


@dataclass(frozen=True)
class Found:
    """What reading a file ended in, how long it took, and what was said."""

    kind: str
    what: str
    end: str
    seconds: float
    says: str


def tried(reader: FileReader, kind: str, what: str, content: bytes) -> Found:
    """Return what reading a file ended in: read, refused, limit or traceback."""
    ending, read_file, arguments = READERS[kind]
    began = time.monotonic()
    end, says = "read", ""
    try:
        reader.read("test", content, f"file{ending}", read_file, *arguments)
    except UploadError as error:
        end, says = "limit", str(error)
    except PlannerError as error:
        end, says = "refused", str(error)
    except RuntimeError as error:
        end, says = "traceback", str(error)
    return Found(kind, what, end, time.monotonic() - began, says)


def main() -> None:
    """Read as many damaged files as asked and every attack, and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=2000)
    count = parser.parse_args().count
    reader = FileReader()
    kinds = list(READERS)
    files: Iterator[tuple[str, str, Callable[[], bytes]]] = (
        (kinds[n % len(kinds)], f"number {n}", partial(damaged, kinds[n % len(kinds)], n))
        for n in range(count)
    )
    found = [tried(reader, kind, what, make()) for kind, what, make in files]
    found += [tried(reader, *attack) for attack in attacks()]
    for kind in kinds:
        of_kind = [one for one in found if one.kind == kind]
        ends = Counter(one.end for one in of_kind)
        slowest = max(of_kind, key=lambda one: one.seconds)
        print(
            f"{kind}: {len(of_kind)} files, {ends['read']} read, {ends['refused']} refused in words, {ends['limit']} stopped "
            f"at a limit, {ends['traceback']} tracebacks; slowest {slowest.seconds:.1f} s ({slowest.what})"
        )
    for one in found:
        if one.end in ("limit", "traceback") or one.seconds > 5:
            print(f"{one.kind}, {one.what}: {one.end} after {one.seconds:.1f} s. {one.says[-600:]}")


if __name__ == "__main__":
    main()
