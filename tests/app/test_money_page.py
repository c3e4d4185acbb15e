"""The page Money: figures that are the command line's, prices put in and kept, and plain words where pounds are not known."""

from __future__ import annotations

import io
import re
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from data.council_files.kept_files import UNIT_COSTS
from data.prices.ledger import to_csv
from data.sign_in.people import this_computer
from data.vocabulary import PROVISION_CODES
from forecast.core.defaults import SEED
from forecast.presentation.published_figures import in_table
from forecast.presentation.wording import table_pounds
from forecast.ui.background import scenario_jobs
from forecast.ui.background.job_inputs import JobInputs
from forecast.ui.components import results
from forecast.ui.components.charts import money as money_charts
from forecast.ui.frame.choices import origin
from forecast.ui.views import council_files, money
from scenarios import reading
from tests.app.pages import SCILLY, choices_of, keep_button, keep_buttons, open_page, put_in, text
from tests.command_line import printed

opened = partial(open_page, "money")
REDBRIDGE = 317


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Return what ``sendplan money`` prints of a scenario, and the folder of its files."""
    out = tmp_path_factory.mktemp("money")
    return printed("money", "Redbridge", "--scenario", "reform-2030", "--out", str(out)), out


def parquet(content: bytes) -> pd.DataFrame:
    """Return a table from the bytes of its file."""
    return pd.read_parquet(io.BytesIO(content))


def test_downloads_are_the_tables_of_the_command_line(typed: tuple[str, Path]) -> None:
    _, out = typed
    forecast = results.files_of_money(choices_of())
    scenario = results.files_of_money(choices_of(scenario="reform-2030"))
    for name, theirs, ours in (
        ("unmitigated_balance", out / "unmitigated_balance.parquet", forecast["balance.parquet"]),
        ("balance", out / "balance.parquet", scenario["balance.parquet"]),
        ("difference", out / "difference.parquet", scenario["difference.parquet"]),
        ("cost_detail", out / "cost_detail.parquet", scenario["cost_detail.parquet"]),
        ("regimes", out / "regimes.parquet", scenario["regimes.parquet"]),
    ):
        pd.testing.assert_frame_equal(parquet(ours), pd.read_parquet(theirs), check_exact=True, obj=name)
    assert set(scenario) == {p.name for p in out.iterdir()} | {"cost_detail.csv"}
    assert scenario["balance.csv"] == (out / "balance.csv").read_bytes()


def test_the_page_says_the_sentence_and_tables_of_the_command_line(typed: tuple[str, Path]) -> None:
    said, out = typed
    written = (out / "money.md").read_text(encoding="utf-8")
    app = opened(scenario="reform-2030")
    assert not app.error
    view = results.pounds(money.money, choices_of(scenario="reform-2030"))
    assert view.headline in " ".join(said.split())
    assert view.headline in text(app)
    cells = [*view.by_year["Cost, average"], *view.by_year["Balance at 31 March, average"]]
    page = text(app)
    for cell in cells:
        assert cell in written
        assert f">{cell}<" in page
    assert view.difference is not None
    for cell in view.difference["Better by, average"]:
        assert f">{cell}<" in page


def test_the_four_figures_are_of_the_year_that_is_chosen(typed: tuple[str, Path]) -> None:
    _, out = typed
    app = opened(year="2032")
    table = pd.read_parquet(out / "unmitigated_balance.parquet").set_index(["kind", "line", "financial_year"])
    cost, income, over, closing = (
        table.loc[(kind, line, "2031-32")]
        for kind, line in (("cost", "total"), ("income", "total"), ("balance", "in_year"), ("cumulative", "closing"))
    )  # fmt: skip
    assert [m.label for m in app.metric] == [
        "High needs cost, average", "Income, average", "Overspent in the year, average", "Deficit at 31 March 2032, average",
    ]  # fmt: skip
    assert [m.value for m in app.metric] == [
        table_pounds(float(cost["mean"])), table_pounds(float(income["mean"])), table_pounds(-float(over["mean"])),
        table_pounds(-float(closing["mean"])),
    ]  # fmt: skip
    under = [m.value for m in app.markdown if "80 % interval £" in m.value]
    assert f"{table_pounds(-float(closing['q90']))} to {table_pounds(-float(closing['q10']))}" in under[3]
    sources = next(m.value for m in app.markdown if m.value.startswith("- High needs cost"))
    assert sources.count("Unit: Pounds") == 4
    assert sources.count("Financial year 2031-32") == 4
    assert sources.count("Estimated: income after 2023-24") == 4


def test_who_bears_a_deficit_changes_the_balance_and_not_the_cost() -> None:
    usual, centre = (results.pounds(money.money, choices_of(**a)) for a in ({}, {"regime": "centre_bears"}))
    pd.testing.assert_frame_equal(usual.flows, centre.flows)
    at = [v.balance.set_index("january")["mean"] for v in (usual, centre)]
    assert at[0][usual.override] == at[1][usual.override]
    last = origin() + 10
    assert at[0][last] < at[1][last]
    unpaid = results.pounds(money.money, choices_of(grant="unpaid"))
    assert unpaid.balance["mean"].iloc[-1] < usual.balance["mean"].iloc[-1]
    app = opened(regime="centre_bears", year=str(last))
    assert app.metric[3].value == table_pounds(-float(at[1][last]))
    assert app.metric[0].value == table_pounds(float(usual.flows.query("what == 'cost'")["mean"].iloc[-1]))


def test_every_chart_has_a_table_a_download_and_a_source_in_one_place() -> None:
    app = opened()
    folds = [e for e in app.expander if e.label.startswith("Table, download and source: ")]
    assert len(app.get("vega_lite_chart")) == len(folds) == 4
    for fold in folds:
        assert len(fold.get("html")) == 1
        assert len(fold.get("download_button")) == 1
        assert any("Unit: Pounds" in m.value and "Estimated: " in m.value for m in fold.markdown)


def test_no_code_of_ours_is_in_the_text() -> None:
    app = opened(scenario="reform-2030")
    # Sources name published tables; everything else is words.
    shown = re.sub(r"<td[^>]*>[^<]*(implied|rules|outturn|published)[^<]*</td>", "", text(app))
    for code in (
        *(c for c in PROVISION_CODES if "_" in c),
        "gdp_deflator",
        "authority_bears",
        "inmss_fee",
        "residential_",
    ):
        assert code not in shown, code


def test_the_first_year_has_nothing_to_compare_with_and_says_so() -> None:
    app = opened(year=str(origin() + 1))
    assert "2026-27 is the first year; choose a later one" in text(app)
    assert len(app.get("vega_lite_chart")) == 3


@pytest.mark.parametrize(("area", "name"), [("E09000001", "City of London"), (SCILLY, "Isles of Scilly")])
def test_an_authority_without_published_income_says_so_and_shows_no_pounds(area: str, name: str) -> None:
    app = opened(area)
    assert not app.error
    assert app.header[0].value == "Pounds cannot be forecast here"
    assert f"{name}" in app.info[0].value
    assert "no published allocation" in app.info[0].value
    assert not app.metric
    assert not app.get("vega_lite_chart")
    assert "A forecast, not an outturn" in text(app)


def ledger(rows: int = 3, factor: float = 1.0) -> str:
    """Return the text of the first fees of INMSS in use, multiplied."""
    book = council_files.book(REDBRIDGE, None)
    frame = book.in_use()
    own = frame[frame["item"] == "inmss_fee"].head(rows)
    changed = own.assign(**{c: (factor * own[c]).round() for c in ("price", "low", "high", "median")})
    return to_csv(changed, REDBRIDGE)


def test_a_file_of_prices_reads_back_as_what_is_in_use() -> None:
    book = council_files.book(REDBRIDGE, None)
    again = council_files.book(REDBRIDGE, to_csv(book.in_use(), REDBRIDGE))
    ours, theirs = (council_files.price_rows(b) for b in (book, again))
    assert council_files.changes(ours, theirs, council_files.PRICE_KEY, council_files.price_name).empty


def test_a_broken_file_of_prices_is_refused_with_every_problem_and_nothing_is_kept() -> None:
    app = opened()
    good = ledger()
    broken = good.replace("2021-22", "last year", 1).replace(",inmss,", ",inmess,", 2)
    put_in(app, broken)
    assert "4 problems" in app.error[0].value
    for row in ("Row 2, column 'provision'", "Row 2, column 'price\\_year'", "Row 3, column 'provision'"):
        assert row in app.error[0].value
    assert UNIT_COSTS.versions(REDBRIDGE) == ()
    assert not keep_buttons(app)


def test_a_file_that_is_not_text_says_how_to_save_it() -> None:
    app = opened()
    put_in(app, b"item\n\xf3\n")
    assert "CSV UTF-8" in app.error[0].value
    assert UNIT_COSTS.versions(REDBRIDGE) == ()


def test_a_file_that_says_what_is_in_use_has_nothing_to_keep() -> None:
    app = opened()
    put_in(app, to_csv(council_files.book(REDBRIDGE, None).in_use(), REDBRIDGE), "same.csv")
    assert "says the same as what is in use" in text(app)
    assert not keep_buttons(app)


def test_a_mended_file_shows_the_difference_is_kept_and_changes_the_figures() -> None:
    before = opened()
    app = opened()
    put_in(app, ledger(factor=2.0))
    assert not app.error
    assert any("Not kept yet" in w.value for w in app.warning)
    page = text(app)
    assert "What would change" in page
    assert "Fee of an INMSS placement, residential, 38 weeks" in page
    assert re.search(r"price from \d+ to \d+", page)
    assert [m.value for m in app.metric] == [m.value for m in before.metric]
    keep_button(app).click().run()
    assert not app.error
    assert [s.value for s in app.success] == [
        "Unit costs: kept as version 1, which every page uses from now on."
    ]
    assert [k.version for k in UNIT_COSTS.versions(REDBRIDGE)] == [1]
    after = opened()
    assert after.selectbox(key="choose-prices").value == "1"
    assert after.metric[0].value != before.metric[0].value
    ours = opened(prices="0")
    assert [m.value for m in ours.metric] == [m.value for m in before.metric]


def test_kept_prices_give_the_figures_of_the_command_line_with_that_file(tmp_path: Path) -> None:
    kept = UNIT_COSTS.keep(
        this_computer("Jo"), REDBRIDGE, 0, lambda path: path.write_text(ledger(factor=2.0), encoding="utf-8")
    )
    printed("money", "Redbridge", "--unit-costs", str(kept.path), "--out", str(tmp_path / "m"))
    ours = parquet(results.files_of_money(choices_of())["balance.parquet"])
    pd.testing.assert_frame_equal(ours, pd.read_parquet(tmp_path / "m" / "balance.parquet"), check_exact=True)


def test_of_two_who_put_in_prices_the_second_is_told_and_nothing_is_lost() -> None:
    app = opened()
    put_in(app, ledger(factor=2.0))
    theirs = UNIT_COSTS.keep(
        this_computer("Jo"), REDBRIDGE, 0, lambda path: path.write_text(ledger(factor=1.1), encoding="utf-8")
    )
    before = theirs.path.read_bytes()
    keep_button(app).click().run()
    assert "was kept by somebody else while you edited" in app.error[0].value
    assert theirs.path.read_bytes() == before
    assert [k.version for k in UNIT_COSTS.versions(REDBRIDGE)] == [1]


def test_a_version_of_prices_that_is_not_here_says_so() -> None:
    assert "There is no version 7 of Redbridge's own list of unit costs" in opened(prices="7").error[0].value


def frame(**means: list[float]) -> pd.DataFrame:
    """Return balances of years from 2027, a column a case."""
    return pd.concat(
        [
            pd.DataFrame({"january": range(2027, 2027 + len(v)), "who": who, "mean": v, "q10": v, "q90": v})
            for who, v in means.items()
        ],
        ignore_index=True,
    )


def test_the_title_of_the_balance_says_what_a_scenario_changes_and_when() -> None:
    one = money_charts.balance(frame(a=[-1e6, -2e6, -3e6]), "X", 2028)
    assert one.title == "A deficit of about £2.0m at 31 March 2028"
    better = money_charts.balance(frame(a=[-1e6, -5e6, -9e6], b=[-1e6, -2e6, -3e6]), "X", 2028)
    assert better.title == "A deficit of about £2.0m at 31 March 2028, £3.0m better than without the scenario"
    later = money_charts.balance(frame(a=[-1e6, -2e6, -3e6], b=[-1e6, -2e6, -9e6]), "X", 2028)
    assert later.title == "A deficit of about £9.0m at 31 March 2029, £6.0m worse than without the scenario"
    never = money_charts.balance(frame(a=[1e6, 2e6, 3e6], b=[1e6, 2e6, 3e6]), "X", 2028)
    assert never.title == "A surplus of about £3.0m at 31 March 2029, the same as without the scenario"


def test_one_line_has_no_key_and_two_differ_by_more_than_colour() -> None:
    one = money_charts.balance(frame(a=[-1e6, -2e6]), "X", 2028)
    assert "dash" not in one.key
    two = money_charts.balance(frame(a=[-1e6, -2e6], b=[-1e6, -1e6]), "X", 2028)
    dashes = [
        layer["encoding"]["strokeDash"] for layer in two.chart.to_dict()["layer"] if "strokeDash" in layer["encoding"]
    ]  # fmt: skip
    assert len({tuple(d) for d in dashes[0]["scale"]["range"]}) == 2
    assert dashes[0]["legend"] is not None


def test_labels_read_inside_a_sentence() -> None:
    assert money_charts.inside("Top-up: Mainstream school") == "top-up, Mainstream school"
    assert money_charts.inside("SEN support services") == "SEN support services"


def test_ranges_in_tables_are_ten_and_ninety_per_cent_of_the_draws() -> None:
    view = results.pounds(money.money, choices_of())
    finance_money = results.money_of(choices_of()).shown
    closing = finance_money.balance.closing.to_numpy()
    row = view.balance[view.balance["january"] == 2030].iloc[0]
    at = view.balance["january"].tolist().index(2030)
    assert row["mean"] == pytest.approx(closing[:, at].mean())
    low, high = pd.Series(closing[:, at]).quantile([0.1, 0.9])
    assert (row["q10"], row["q90"]) == (pytest.approx(low), pytest.approx(high))
    assert money.balance_text(view.balance).loc[2030].iloc[0] == in_table("closing", money.cells(row))


def test_scenarios_work_without_pounds_where_income_is_not_published() -> None:
    app = open_page("scenarios", SCILLY, scenario="low-births")
    assert not app.error
    page = text(app)
    assert "January 2031, and the range" in page
    assert "EHC plans" in page
    assert "£" not in page
    assert "High needs cost" not in page
    assert not [o for o in app.selectbox(key="choose-measure").options if "cost" in o.lower()]


def test_a_link_to_pounds_that_cannot_be_forecast_says_so_and_the_page_stands() -> None:
    app = open_page("scenarios", SCILLY, scenario="low-births", measure="cost")
    assert not app.error
    assert "cannot be forecast here: income or spending is not published" in text(app)
    assert "Save and share" in [h.value for h in app.header]


def test_what_a_lever_contributes_leaves_pounds_out_where_they_are_not_known() -> None:
    question = JobInputs(
        420, 100, SEED, None, None, None, None, 0.0, (("Fewer births", reading.find("low-births")),)
    )
    found = scenario_jobs.explained(lambda *_: None, question, 2030)
    assert "plans" in found.bars
    assert "cost" not in found.bars
