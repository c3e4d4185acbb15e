"""What people come to do, from the first page to the answer, as they would do it: by label, button and link.

Every journey keeps numbered pictures in the folder of the fixture ``artefacts``; figures are compared with the command line's, or
with the engine's own, never with figures written here.
"""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from data import areas
from data.financial_year import FinancialYear
from data.registers.register_file import read_register
from forecast.finance.finance_model import FinanceModel
from forecast.presentation import money_tables, summary, words
from forecast.presentation.wording import table_pounds
from forecast.runs.baseline import Baseline, ForecastInputs
from forecast.ui.frame.choices import DEFAULT_AREA, origin
from forecast.ui.frame.registry import PAGES
from tests.browser.serving import free_port, serve, settled, wait_until
from tests.browser.test_browser import unfold, violations, visit

pytestmark = pytest.mark.browser

BARKING, BARNET = "E09000002", "E09000003"

ALOUD = re.compile(f"^In January {origin() + 5}, against the forecast")
"""How the sentence about a scenario begins."""

LABEL = """e => e.getAttribute('aria-label') || e.innerText || ''"""
"""The name of what has focus."""

RINGED = """e => {
  const cut = (x, ring) => {
    const at = x.getBoundingClientRect();
    for (let p = x.parentElement; p; p = p.parentElement) {
      const style = getComputedStyle(p), box = p.getBoundingClientRect();
      if (![style.overflowX, style.overflowY].some(o => o == 'hidden' || o == 'clip')) continue;
      if (at.left - ring < box.left || at.right + ring > box.right || at.top - ring < box.top || at.bottom + ring > box.bottom)
        return true;
    }
    return false;
  };
  for (let x = e, i = 0; x && i < 4; x = x.parentElement, i++) {
    const s = getComputedStyle(x), ring = parseFloat(s.outlineWidth);
    if (s.outlineStyle == 'solid' && ring >= 2 && !cut(x, ring + parseFloat(s.outlineOffset))) return true;
  }
  return false;
}"""
"""Whether what has focus, or the field it is in, has an outline that nothing cuts off."""


class Album:
    """Numbered pictures of one journey."""

    def __init__(self, folder: Path, journey: str) -> None:
        self.folder, self.journey, self.count = folder, journey, 0

    def keep(self, page: Page, what: str) -> None:
        """Keep a picture of a page."""
        self.count += 1
        page.screenshot(path=self.folder / f"{self.journey}-{self.count:02d}-{what}.png")


@pytest.fixture
def album(artefacts: Path, request: pytest.FixtureRequest) -> Album:
    """Return the pictures of a journey, named as its test."""
    return Album(artefacts, request.node.originalname.removeprefix("test_").replace("_", "-")[:50])


@pytest.fixture
def fresh(browser: Browser) -> Iterator[Callable[[], Page]]:
    """Return a function that opens a window of somebody else: nothing is remembered in it."""
    opened = []

    def window() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(120_000)
        opened.append(context)
        return context.new_page()

    yield window
    for context in opened:
        context.close()


@pytest.fixture(scope="module")
def redbridge(baseline_of: Callable[..., Baseline]) -> Baseline:
    """Return the forecast of the command line for Redbridge."""
    return baseline_of(areas.resolve(DEFAULT_AREA)[0].la_code)


def sendplan(folder: Path, *arguments: str) -> str:
    """Return what the command line prints."""
    asked = [sys.executable, "-m", "forecast.cli", *arguments]
    environment = os.environ | {"COLUMNS": "220", "HOME": str(folder)}
    done = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def choose(page: Page, label: str, typed: str) -> None:
    """Choose from a list by typing, as a person does."""
    page.get_by_role("combobox", name=label, exact=True).click()
    page.keyboard.type(typed)
    page.keyboard.press("Enter")


def rows(region: Locator) -> dict[str, list[str]]:
    """Return a table: name of a row to its cells."""
    found = region.locator("tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.children].map(c => c.textContent.trim()))"
    )
    return {name: cells for name, *cells in found}


def figures(page: Page) -> dict[str, list[str]]:
    """Return the table of the scenario against the forecast."""
    return rows(page.get_by_role("region", name=re.compile(f"January {origin() + 5}, and the range")).first)


def link_to(page: Page) -> str:
    """Return the link that a page offers to be sent."""
    return page.get_by_test_id("stCode").inner_text().strip()


def chances(cell: str) -> int:
    """Return a chance in per cent, written as "72 %", "over 99 %" or "under 1 %"."""
    return 100 if cell.startswith("over") else 0 if cell.startswith("under") else int(cell.split()[0])


def saved(page: Page, button: str, path: Path) -> Path:
    """Press a button that downloads a file, and return where it is."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button, exact=True).click()
    waiting.value.save_as(path)
    return path


def test_newcomer_finds_the_first_year_of_shortfall(
    page: Page, served: str, album: Album, inputs: ForecastInputs
) -> None:
    visit(page, served)
    album.keep(page, "first-page")
    choose(page, "Local authority", "Barnet")
    expect(page.get_by_text(re.compile("^Barnet had .* EHC plans"))).to_be_visible()
    album.keep(page, "own-authority")
    page.get_by_role("link", name="Places", exact=True).click()
    expect(page.get_by_role("heading", name="When does it run out?")).to_be_visible()
    settled(page)
    choose(page, "Phase", "Primary")
    strip = page.get_by_role("region", name=re.compile("Chance that at least one child .*, primary"))
    expect(strip).to_be_visible()
    settled(page)
    years = [int(y) for y in strip.locator("thead th").all_inner_texts()[1:]]
    cells = rows(strip)["Primary: state special schools"]
    by_year = dict(zip(years, map(chances, cells), strict=True))
    says = page.get_by_text(re.compile("^Primary places in state special schools run out by January")).first
    told = re.search(r"January (\d{4})", says.inner_text())
    assert told
    year = int(told[1])
    assert by_year[year] >= 50
    assert all(by_year[y] <= 50 for y in years if y < year)
    album.keep(page, "first-year")
    outcome = inputs.baseline(areas.resolve(BARNET)[0]).outcome
    assert says.inner_text() in words.run_out_lines(summary.shortfall_long(outcome))


def test_planner_builds_and_shares_a_scenario(
    page: Page, served: str, album: Album, fresh: Callable[[], Page]
) -> None:
    visit(page, served)
    page.get_by_role("link", name="See a sample scenario").click()
    expect(page.get_by_role("heading", name="An inclusion base in every secondary school")).to_be_visible()
    settled(page)
    album.keep(page, "sample")
    before = figures(page)
    most = page.get_by_role("spinbutton", name=re.compile("aged 11 to 15, to"))
    most.fill("40")
    most.press("Enter")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    settled(page)
    changed = figures(page)
    assert changed != before
    sentence = page.get_by_text(ALOUD).inner_text()
    album.keep(page, "lever-changed")
    other = fresh()
    other.goto(link_to(page))
    settled(other)
    assert other.get_by_text(ALOUD).inner_text() == sentence
    assert figures(other) == changed
    album.keep(other, "opened-by-a-colleague")
    page.go_back()
    expect(page.get_by_text("Not saved yet.")).to_have_count(0)
    settled(page)
    assert figures(page) == before
    page.go_forward()
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    settled(page)
    page.get_by_label("Your name, for the history").fill("A planner")
    page.get_by_label("Your name, for the history").press("Enter")
    settled(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved: my-inclusion-bases version 1")).to_be_visible()
    expect(page).to_have_url(re.compile("scenario=my-inclusion-bases(@|%40)1"))
    settled(page)
    assert figures(page) == changed
    album.keep(page, "saved")


def test_a_shared_link_shows_what_the_command_line_says(
    page: Page, served: str, album: Album, fresh: Callable[[], Page], tmp_path: Path
) -> None:
    visit(page, served, "scenarios")
    page.get_by_role("button", name="Start an empty one").click()
    expect(page.get_by_text("It has no levers yet")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Add this lever").click()
    expect(page.get_by_role("button", name="Remove this lever")).to_be_visible()
    settled(page)
    size = page.get_by_role("spinbutton").first
    size.fill("25")
    size.press("Enter")
    expect(page.get_by_text(ALOUD)).to_be_visible()
    settled(page)
    expect(size).to_have_value("25")
    sentence, shown = page.get_by_text(ALOUD).inner_text(), figures(page)
    album.keep(page, "built-by-form")
    other = fresh()
    other.goto(link_to(page))
    settled(other)
    assert other.get_by_text(ALOUD).inner_text() == sentence
    assert figures(other) == shown
    album.keep(other, "opened-in-a-fresh-browser")
    file = saved(other, "Download as a file, for the command line", tmp_path / "shared.yaml")
    printed = sendplan(
        tmp_path, "scenario", "compare", "Redbridge", "baseline", str(file), "--year", str(origin() + 5), "--no-record",
        "--store", str(tmp_path / "store.sqlite"),
    )  # fmt: skip
    lines = [[c.strip() for c in line.split("│")[1:-1]] for line in printed.splitlines() if "│" in line]
    levels = {cells[0]: cells[1:] for cells in lines if len(cells) == 3}
    apart = {cells[0]: cells[1] for cells in lines if len(cells) == 2}
    assert len(shown) == 7
    assert {name: [apart[name], *reversed(levels[name])] for name in shown} == shown
    assert shown["EHC plans"][0] != "no change"


def test_finance_officer_downloads_the_balance(
    page: Page, served: str, album: Album, redbridge: Baseline, tmp_path: Path
) -> None:
    visit(page, served)
    page.get_by_role("link", name="Money", exact=True).click()
    year = FinancialYear(origin() + 4).label
    expect(page.get_by_role("heading", name=f"Four figures of {year}")).to_be_visible()
    settled(page)
    album.keep(page, "money")
    path = saved(page, "Balance (CSV)", tmp_path / "balance.csv")
    got = pd.read_csv(path, keep_default_na=False, dtype={"financial_year": "str"})
    by_key = got.set_index(["financial_year", "kind", "line"])["mean"]
    cost, income = (by_key[year, kind, "total"] for kind in ("cost", "income"))
    closing = by_key[year, "cumulative", "closing"]
    told = dict(zip(page.get_by_test_id("stMetricLabel").all_inner_texts(),
                    page.get_by_test_id("stMetricValue").all_inner_texts(), strict=True))  # fmt: skip
    assert told["High needs cost, average"] == table_pounds(cost)
    assert told["Income, average"] == table_pounds(income)
    assert told["Overspent in the year, average"] == table_pounds(cost - income)
    assert told[f"Deficit at 31 March {origin() + 5}, average"] == table_pounds(-closing)
    page.get_by_role("button", name="Balance (CSV)").scroll_into_view_if_needed()
    album.keep(page, "downloads")
    engine = money_tables.balance_table(FinanceModel.of(redbridge.outcome).money(redbridge.outcome))
    pd.testing.assert_frame_equal(got, engine.reset_index(drop=True), check_dtype=False, rtol=1e-9)


def test_capital_officer_compares_two_schemes(page: Page, served: str, album: Album, tmp_path: Path) -> None:
    visit(page, served, "capital", f"?area={BARNET}")
    template = saved(page, "Schemes, to correct (CSV)", tmp_path / "schemes.csv")
    with template.open(encoding="utf-8-sig", newline="") as file:
        header, *schemes = csv.reader(file)
    at = header.index("title")
    assert len(schemes) > 2
    two = tmp_path / "two.csv"
    with two.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *schemes[:2]])
    page.get_by_text("Put in your own schemes", exact=True).click()
    page.locator("input[type=file]").set_input_files(two)
    expect(page.get_by_role("region", name="What would change")).to_be_visible()
    settled(page)
    album.keep(page, "two-schemes")
    page.get_by_role("button", name="Keep as a new version and use it").click()
    expect(page.get_by_role("combobox", name="Schemes", exact=True)).to_be_visible()
    settled(page)
    budget = page.get_by_role("spinbutton", name=re.compile("Budget"))
    budget.fill("15")
    budget.press("Enter")
    expect(page).to_have_url(re.compile("budget=15000000"))
    settled(page)
    page.get_by_role("button", name="Appraise and choose").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    album.keep(page, "under-way")
    done, failed = page.get_by_text(re.compile("Done in .* seconds")), page.get_by_role("alert")
    expect(done.or_(failed)).to_be_visible(timeout=300_000)
    expect(failed).to_have_count(0)
    expect(page.get_by_role("heading", name="Each scheme alone")).to_be_visible()
    settled(page)
    says = page.get_by_text(
        re.compile(r"^With a budget of £15,000,000 the programme builds (. of 2|nothing)")
    )
    expect(says).to_be_visible()
    page.get_by_text("Table, download and source: Schemes of Barnet, each built alone").click()
    alone = page.get_by_role("region", name="Schemes of Barnet, each built alone")
    expect(alone).to_be_visible()
    headings = alone.locator("thead th").all_inner_texts()
    column = next(i for i, h in enumerate(headings) if "present value" in h.lower()) - 1
    worth = {name: cells[column] for name, cells in rows(alone).items()}
    assert sorted(worth) == sorted(row[at] for row in schemes[:2])
    assert all(re.search(r"£[\d.,]+", value) for value in worth.values())
    assert len(set(worth.values())) == 2
    alone.scroll_into_view_if_needed()
    album.keep(page, "present-values")


def test_someone_uploads_a_broken_register_and_mends_it(
    page: Page, served: str, album: Album, fresh: Callable[[], Page], tmp_path: Path
) -> None:
    visit(page, served, "data", f"?area={BARKING}")
    path = saved(page, "Register of places in use (CSV)", tmp_path / "register.csv")
    good = path.read_text(encoding="utf-8-sig")
    table = list(csv.DictReader(io.StringIO(good)))

    def put_in(window: Page, name: str, located: str, places: str) -> None:
        written = tmp_path / name
        table[0]["located"], table[1]["places"] = located, places
        with written.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
        box = window.get_by_role("region", name=re.compile("^Register of places of"))
        box.locator("input[type=file]").set_input_files(written)

    put_in(page, "broken.csv", "nearby", "many")
    expect(page.get_by_text(re.compile("Row 2, column 'located'"))).to_be_visible()
    expect(page.get_by_text(re.compile("Row 3, column 'places'"))).to_be_visible()
    expect(page.get_by_role("button", name="Keep as a new version and use it")).to_have_count(0)
    album.keep(page, "every-problem")
    settled(page)
    put_in(page, "mended.csv", "local", "41")
    expect(page.get_by_role("region", name="What would change")).to_contain_text("41")
    settled(page)
    album.keep(page, "what-would-change")
    other = fresh()
    visit(other, served, "data", f"?area={BARKING}")
    put_in(other, "theirs.csv", "local", "43")
    expect(other.get_by_role("region", name="What would change")).to_be_visible()
    settled(other)
    page.get_by_role("button", name="Keep as a new version and use it").click()
    expect(page.get_by_role("combobox", name="Register of places")).to_have_value(
        re.compile(r"^Version 1 \(January 2026\), kept")
    )
    settled(page)
    album.keep(page, "kept")
    other.get_by_role("button", name="Keep as a new version and use it").click()
    expect(other.get_by_text(re.compile("was kept by somebody else while you edited"))).to_be_visible()
    album.keep(other, "conflict")
    in_use = saved(page, "Register of places in use (CSV)", tmp_path / "in-use.csv")
    kept = read_register(in_use, la_code=areas.resolve(BARKING)[0].la_code)
    assert kept.rows["places"].tolist()[1] == 41


def test_back_undoes_and_choices_outlive_the_server(browser: Browser, album: Album, tmp_path: Path) -> None:
    port = free_port()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(120_000)

    def chosen() -> dict[str, str]:
        labels = ("Local authority", "Scenario", "Financial year", "Who bears a deficit after the override")
        return {x: page.get_by_role("combobox", name=x, exact=True).input_value() for x in labels}

    try:
        with serve(tmp_path, port) as address:
            visit(page, address, "money", "?scenario=inclusion-bases")
            choose(page, "Financial year", "2031-32")
            expect(page.get_by_role("heading", name="Four figures of 2031-32")).to_be_visible()
            settled(page)
            choose(page, "Who bears a deficit after the override", "Shared")
            expect(page).to_have_url(re.compile("regime=share"))
            settled(page)
            before = chosen()
            assert before["Who bears a deficit after the override"] == "Shared"
            said = page.get_by_text(re.compile("^Redbridge can expect high needs to cost")).inner_text()
            page.go_back()
            page.wait_for_url(re.compile("^((?!regime=share).)*$"))
            settled(page)
            expect(page.get_by_role("combobox", name="Who bears a deficit after the override")).to_have_value(
                "The authority"
            )
            page.go_forward()
            page.wait_for_url(re.compile("regime=share"))
            settled(page)
            album.keep(page, "before")
        with serve(tmp_path, port):
            page.reload()
            settled(page)
            expect(page.get_by_role("heading", name="Four figures of 2031-32")).to_be_visible()
            assert chosen() == before
            assert (
                page.get_by_text(re.compile("^Redbridge can expect high needs to cost")).inner_text() == said
            )
            album.keep(page, "after-the-server-was-started-again")
    finally:
        page.close()


def reach(page: Page, name: str, key: str = "Tab", most: int = 80) -> None:
    """Press a key until what is called so has focus, which must be seen at every stop."""
    passed = []
    for _ in range(most):
        page.keyboard.press(key)
        passed.append(page.evaluate(f"({LABEL})(document.activeElement)")[:60])
        # The frame that scrolls holds everything, so its text would match anything.
        if page.evaluate("['MAIN', 'BODY'].includes(document.activeElement.tagName)"):
            continue
        try:
            # The page scrolls to what has focus after a moment.
            wait_until(page, f"({RINGED})(document.activeElement)", seconds=5)
        except TimeoutError:
            pytest.fail(f"no visible focus at {passed[-1]}")
        if re.search(name, passed[-1]):
            return
    pytest.fail(f"'{name}' cannot be reached by keyboard: {passed}")


def test_the_main_journey_needs_no_mouse(page: Page, served: str, album: Album) -> None:
    visit(page, served)
    reach(page, "^Skip to the content", most=5)
    album.keep(page, "skip-link")
    page.keyboard.press("Enter")
    reach(page, "^Local authority$", most=1)
    page.keyboard.type("Barnet")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Barnet had .* EHC plans"))).to_be_visible()
    settled(page)
    album.keep(page, "authority")
    reach(page, "^Places$", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="When does it run out?")).to_be_visible()
    settled(page)
    reach(page, "^Chance that at least one child")
    strip = page.locator(":focus")
    assert "over 99 %" in rows(strip)["Secondary: state special schools"]
    album.keep(page, "strip")
    reach(page, "^Scenarios$", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="No scenario is open")).to_be_visible()
    settled(page)
    reach(page, "^Open the sample scenario$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Against the forecast")).to_be_visible()
    settled(page)
    before = figures(page)
    reach(page, "^Places for every 1,000 residents aged 11 to 15, to$")
    page.keyboard.press("Control+A")
    page.keyboard.type("40")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Not saved yet.")).to_be_visible()
    settled(page)
    assert figures(page) != before
    album.keep(page, "lever-changed")


def test_the_tour_leads_through_every_page_and_is_left_without_a_trace(
    page: Page, served: str, album: Album
) -> None:
    visit(page, served, "", f"?area={BARNET}")
    page.get_by_role("button", name="Take the two-minute tour").click()
    for number, entry in enumerate(PAGES, start=1):
        expect(page.get_by_text(f"Tour, step {number} of {len(PAGES)}: {entry.title}.")).to_be_visible()
        settled(page)
        album.keep(page, entry.title.lower())
        if entry.title == "Scenarios":
            expect(
                page.get_by_role("heading", name="An inclusion base in every secondary school")
            ).to_be_visible()
        if entry is not PAGES[-1]:
            page.get_by_role("link", name=f"Next: {PAGES[number].title}").click()
    page.get_by_role("button", name="Leave the tour").click()
    expect(page.get_by_text(re.compile("^Tour, step"))).to_have_count(0)
    settled(page)
    assert page.url.endswith(f"/reports?area={BARNET}")


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("", "?tour=on"),
        ("money", "?scenario=inclusion-bases&tour=on"),
    ],
    ids=["tour", "money-with-a-scenario"],
)
def test_what_a_newcomer_meets_is_accessible_and_reflows(
    page: Page, served: str, artefacts: Path, path: str, query: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit(page, served, path, query)
    unfold(page)
    assert violations(page) == []
    wide = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(e => e.scrollWidth)"
    )
    assert max(wide) <= width
    page.screenshot(path=artefacts / f"newcomer-{path or 'tour'}-{width}.png")
