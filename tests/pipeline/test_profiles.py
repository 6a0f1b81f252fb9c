"""Known exports are recognised by their columns and give the numbers that plain pandas gives."""

import pandas as pd
import pytest

from features.engines.duckdb import connect
from features.errors import UserError
from pipeline.command_line import main as cli
from pipeline.config_file import load
from pipeline.console import Progress
from pipeline.intake.check import check
from pipeline.intake.orders import open_orders
from pipeline.profiles import known_export, profiles, recognised
from tests.pipeline.known_exports import LAYOUTS

EXTENSION = {"amazon": "tsv"}


def written(folder, name):
    layout = LAYOUTS[name]()
    path = folder / f"{name}.{EXTENSION.get(name, 'csv')}"
    path.write_text(layout.text(), encoding=layout.encoding)
    return path, layout


def net_days(layout):
    """Customer, day and net money of each purchase day, by plain pandas."""
    rows = pd.DataFrame(layout.truth, columns=["customer_id", "day", "cents"])
    days = rows.groupby(["customer_id", "day"])["cents"].sum().reset_index()
    return rows["cents"].sum(), days[days["cents"] > 0]


def opened(path, name):
    config = load(None, {"log.source": str(path), "log.profile": name})
    return open_orders(config.log, Progress(quiet=True))


def test_every_profile_has_a_layout_and_says_where_it_comes_from():
    assert set(profiles()) == set(LAYOUTS)
    for known in profiles().values():
        assert len(known.taken_from) > 20
        assert len(known.not_verified) > 20


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_export_is_recognised_by_its_columns_alone(name):
    assert recognised(LAYOUTS[name]().header).name == name


def test_a_log_of_ones_own_is_no_known_export():
    assert recognised(["customer_id", "date", "amount"]) is None


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_profile_reads_the_rows_money_and_days_that_pandas_does(tmp_path, name):
    path, layout = written(tmp_path, name)
    total, days = net_days(layout)
    with opened(path, name) as orders:
        bought = orders.days.filter(orders.days.amount > 0)
        found = bought.select("customer_id", day="transacted_at", amount="amount").to_pyarrow()
        every = orders.netted.aggregate(n=orders.netted.amount.sum())
        assert orders.log.counts.rows == len(layout.rows)
        assert orders.log.counts.used == layout.used
        assert every.to_pyarrow()["n"][0].as_py() * 100 == int(total)
    ours = {(r["customer_id"], r["day"]): r["amount"] * 100 for r in found.to_pylist()}
    theirs = {(r.customer_id, r.day): r.cents for r in days.itertuples()}
    assert ours == theirs


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize("name", LAYOUTS)
def test_check_proposes_the_whole_mapping_and_asks_nothing_more(tmp_path, name):
    path, layout = written(tmp_path, name)
    found = check(connect(read=[tmp_path], threads=1), {"source": str(path)})
    assert [q.seen for q in found.questions if q.pressing] == []
    assert (found.problem, found.verdict) == ("", "limited")
    assert found.facts["rows_used"] == layout.used
    assert any(f"read by profile '{name}'" in note for note in found.notes)
    assert known_export(name).title in " ".join(found.notes)


def test_an_unknown_profile_is_refused_with_those_that_there_are():
    with pytest.raises(UserError, match="there are: amazon, etsy, magento"):
        load(None, {"log.source": "x.csv", "log.profile": "ebay"})


def test_a_key_of_the_config_comes_before_the_profiles(tmp_path):
    (tmp_path / "c.yaml").write_text("log: {source: x, profile: stripe, columns: {amount: Net}}\n")
    columns = load(tmp_path / "c.yaml").log.columns
    assert (columns.amount, columns.customer_id) == ("Net", "Customer ID")
    assert load(None, {"log.source": "x", "log.profile": "odoo", "log.lines": "each"}).log.lines


def test_a_rule_of_ones_own_on_sales_takes_the_place_of_the_profiles():
    asked = {"log.source": "x", "log.profile": "stripe", "log.sales.column": "Status"}
    sales = load(None, {**asked, "log.sales.not": ["Failed"]}).log.sales
    assert (sales.values, sales.not_) == (None, ("Failed",))


@pytest.mark.thorough
def test_a_known_export_is_checked_trained_on_and_scored(tmp_path, tracking_uri, capsys):
    path, layout = written(tmp_path, "stripe")
    shared = ["--set", f"tracking.uri={tracking_uri}", "--quiet"]
    assert cli.run(["check", str(path), "--quiet"]) == 0
    assert "a Stripe payments export" in capsys.readouterr().out
    names = "contenders=[base_rate, blend]"
    few = ["--set", names, "--horizon", "60d", "--set", "training.max_cutoffs=2"]
    few += ["--set", "backtest.cutoffs=1", "--guess", "--promote"]
    assert cli.run(["train", str(path), *few, *shared]) == 0
    next_line = next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith("Next: ")
    )
    store = f"--set tracking.uri={tracking_uri}"
    assert next_line == f"Next: churn score {path} {store} --out scores.parquet"
    assert cli.run(["score", str(path), "--out", "scores.parquet", *shared]) == 0
    scores = pd.read_parquet("scores.parquet").set_index("customer_id")
    _, days = net_days(layout)
    bought = days.groupby("customer_id")
    assert (scores["frequency"] == bought.size().reindex(scores.index) - 1).all()
    repeat = days[days["day"] > bought["day"].transform("min")].groupby("customer_id")["cents"]
    mean = (repeat.mean() / 100).reindex(scores.index).fillna(0)
    assert (scores["monetary_value"] - mean).abs().max() < 1e-6
    assert len(scores) == len(bought)
