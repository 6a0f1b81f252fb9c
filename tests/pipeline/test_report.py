"""The report: each table against plain arithmetic, and a page that nothing can break."""

import copy
import math
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from features.errors import UserError
from pipeline import config_file
from pipeline.campaign_config import CampaignConfig
from pipeline.command_line import main as cli
from pipeline.learning.judgement import judge
from pipeline.reporting import charts, evidence, report_campaign
from pipeline.reporting.campaign import campaign
from pipeline.reporting.evidence import Outlook
from pipeline.reporting.report import drawings, page
from tests.pipeline import shop
from tests.pipeline.boards import CUTOFFS, LOG, backtest, board, customers, flat, true

pytestmark = pytest.mark.slow

TODAY = Outlook(
    pd.DataFrame(
        {
            "p_churn": [0.5, 0.9],
            "expected_purchases": 1.0,
            "expected_spend": 10.0,
            "segment": ["loyal", "lost"],
            "total_spend": [70.0, 5.0],
        }
    ),
    {"loyal": "have come back", "lost": "have a slim chance"},
    pd.Series({"purchases": 1.2, "shoe_size<": 0.1}),
    {"pareto_nbd": 0.25, "logistic": 0.75},
    ("few customers & more",),
)


def report(result, today=TODAY):
    return page(LOG, result, judge(result), CampaignConfig(), today)


@pytest.fixture(scope="module")
def result():
    return backtest(blend=true, recency_alone=flat)


def test_levels_are_the_means_of_each_cutoff(result):
    table = evidence.levels(result)
    assert table["cutoff"].tolist() == list(CUTOFFS)
    for number, cutoff in enumerate(CUTOFFS):
        rows = result.outcomes["cutoff"] == cutoff
        said, came = result.answers["blend"][rows], result.outcomes[rows]
        row = table.loc[number]
        assert row["p_churn"] == pytest.approx(said["p_churn"].mean())
        assert row["churn_rate"] == pytest.approx(came["churned"].mean())
        assert row["spend"] == pytest.approx(came["spend"].mean())
        assert row["expected_spend"] == pytest.approx(said["expected_spend"].mean())


def test_gains_are_the_leaderboards_lift_and_the_counted_buyers(result):
    table = evidence.gains(result, "recency_alone").set_index("share_contacted")
    assert table.loc[0.1, "buyer_lift"] == pytest.approx(result.means.loc["blend", "buyer_lift_10"])
    held = []
    for cutoff in CUTOFFS:
        rows = (result.outcomes["cutoff"] == cutoff).to_numpy()
        order = np.argsort(result.answers["blend"]["p_churn"][rows].to_numpy())
        buyers = 1 - result.outcomes["churned"][rows].to_numpy()
        held.append(buyers[order][:80].sum() / buyers.sum())
    assert table.loc[0.2, "buyer_gain"] == pytest.approx(np.mean(held))
    assert table.loc[0.2, "rule_buyer_gain"] == pytest.approx(0.2), "a flat rule draws blindly"


def test_tenths_are_those_of_the_sorted_customers(result):
    said, came = result.answers["blend"], result.outcomes
    up = np.argsort(said["p_churn"].to_numpy()).reshape(10, 80)
    table = evidence.calibration(result)
    assert table["observed"].to_numpy() == pytest.approx(came["churned"].to_numpy()[up].mean(1))
    table = evidence.deciles(result)
    down = np.argsort(-said["expected_spend"].to_numpy()).reshape(10, 80)
    assert table["observed"].to_numpy() == pytest.approx(came["spend"].to_numpy()[down].mean(1))


def test_ranges_are_counted_in_the_sorted_tenths():
    outcomes, truth = customers(400)
    result = board(outcomes, {"blend": truth})
    said = result.answers["blend"]
    said["expected_spend_low"], said["expected_spend_high"] = 0.0, said["expected_spend"] * 2
    table = evidence.ranges(result)
    down = np.argsort(-said["expected_spend"].to_numpy()).reshape(10, 80)
    inside = (outcomes["spend"] <= said["expected_spend_high"]).to_numpy()
    assert table["coverage"].to_numpy() == pytest.approx(inside[down].mean(axis=1))
    assert 'id="ranges"' in report(result)


def four_customers():
    """Two who left, two who bought for 100 and 40; the answer is sure of the right ones."""
    one = pd.DataFrame(
        {
            "weight": 1.0,
            "churned": [1, 1, 0, 0],
            "spend": [0.0, 0.0, 100.0, 40.0],
            "frequency": 1,
            "recency": 50.0,
            "T": 200.0,
        }
    )
    outcomes = pd.concat([one.assign(cutoff=day) for day in CUTOFFS], ignore_index=True)
    p = np.tile([0.9, 0.8, 0.2, 0.1], 2)
    # If they buy, 95, 50, 90 and 45 are expected: in tenths of one each, all buyers' mean.
    expected = np.tile([95.0, 50.0, 90.0, 45.0], 2) * (1 - p)
    rules = {"blend": p, "base_rate": np.full(8, 0.5)}
    return board(outcomes, rules, expected_spend=expected, attributes=())


def test_campaign_earns_what_its_assumptions_say():
    result = four_customers()
    found = campaign(result, CampaignConfig(contact_cost=0.3, effect=0.2, margin=0.5), "base_rate")
    curve = found.curve.set_index("share_contacted")
    # At stake are 8.55, 8, 14.4 and 4.05. A leaver kept would have spent 70, the mean of the
    # buyers; one in ten and one in five of them were still customers: .2 x .5 x 7 and x 14.
    assert curve.loc[0.25, "profit"] == pytest.approx(0 - 0.3)
    assert curve.loc[0.5, "profit"] == pytest.approx(0.7 - 0.6)
    assert curve.loc[0.75, "profit"] == pytest.approx(2.1 - 0.9)
    assert curve.loc[1.0, "profit"] == pytest.approx(2.1 - 1.2)
    assert curve.loc[0.5, "random"] == pytest.approx(1.05 - 0.6)
    assert curve.loc[0.75, "leavers"] == 2
    # The rule is blind to who leaves: the dearest first are two who stay anyway.
    assert curve.loc[0.5, "rule"] == pytest.approx(0 - 0.6)
    # All but the last are worth more than .3 / (.2 x .5) = 3 at stake, and so is the last.
    assert found.choice["n_contacted"] == 4
    assert found.choice["profit"] == pytest.approx(0.9)
    assert found.choice["kept_spend"] == pytest.approx(0.2 * 21)
    # 1.2 for four contacts against a margin of 10.5 saved in full.
    assert found.choice["break_even"] == pytest.approx(1.2 / 10.5)


def test_campaign_costs_one_percent_of_a_buyers_spend_when_nothing_is_said():
    assert campaign(four_customers(), CampaignConfig(), "base_rate").cost == pytest.approx(0.7)
    with pytest.raises(UserError, match=r"campaigns\.spring\.contact_cost"):
        config_file.load(
            None,
            {
                "log.source": "x.csv",
                "log.columns.customer_id": "c",
                "log.columns.transacted_at": "t",
                "campaigns.spring.contact_cost": -1,
            },
        )


def test_campaign_that_pays_for_nobody_says_so():
    dear = CampaignConfig(contact_cost=1000)
    result = four_customers()
    assert campaign(result, dear, "base_rate").choice["n_contacted"] == 0
    html = page(LOG, result, judge(result), dear)
    assert "expects no contact to repay its cost" in html


def test_campaign_text_and_curve_tell_the_same_effect():
    result = four_customers()
    dear = CampaignConfig(contact_cost=1.45, effect=0.2, margin=0.5)
    # Only 14.4 at stake is worth 1.44, and that one stayed: nobody is contacted.
    none = campaign(result, dear, "base_rate")
    assert not none.contacts_anyone
    assert none.first_break_even == math.inf, "the first one stayed: no effect would have paid"
    html = page(LOG, result, judge(result), dear)
    assert "contacts pay as long as" not in html
    assert "`" not in html
    assert "<code>churn plan</code>" in html
    # A curve that rises from its break-even effect on: the sentence says that very effect.
    curve = pd.DataFrame(
        {"share_contacted": [0, 0.05], "n_contacted": [0.0, 10.0], "profit": [0.0, -4.0]}
    )
    falling = replace(none, curve=curve, cost=0.5, effect=0.05)
    assert falling.first_break_even == pytest.approx(0.25), "it earns 1 of 5 at 5 %"
    few = replace(falling, choice=none.choice.mask(none.choice.index == "n_contacted", 0.3))
    assert "if more than 25.0%" in report_campaign._choice(few)


class Reader(HTMLParser):
    """What is on a page, and whether every element is closed where it should be."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_page_is_whole_runs_nothing_and_fetches_nothing(result):
    reader = read(report(result))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(reader.tags)
    names = {name for _, name, _ in reader.attributes}
    assert not {name for name in names if name.startswith("on")} | {"src"} & names
    styles = {value for _, name, value in reader.attributes if name == "style"}
    assert not [style for style in styles if not re.fullmatch(r"--deep:[01]\.\d\d", style)]
    places = {value for _, name, value in reader.attributes if name == "id"}
    links = {value for _, name, value in reader.attributes if name == "href"}
    assert links <= {f"#{place}" for place in places}
    assert {"#outlook", "#segments", "#details", "#read"} <= links
    style = (files("pipeline.reporting") / "report.css").read_text()
    assert "url(" not in style
    assert "@import" not in style


def test_segments_tell_how_likely_to_leave_and_how_much_is_expected(result):
    text = report(result)
    start = text.index("a customer is in the first segment that fits")
    rows = text[start : text.index("</table>", start)].split("<tr")
    loyal = next(row for row in rows if ">loyal<" in row)
    assert [part for part in ("50.0%", ">10<", "they need no discount") if part not in loyal] == []
    silent = TODAY.customers.assign(expected_spend=float("nan"))
    text = report(result, replace(TODAY, customers=silent)).split("Segments today")[1]
    assert "nan" not in text.split("</table>")[0]


def test_page_can_be_read_without_seeing_the_charts(result):
    reader = read(report(result))
    drawn = reader.tags.count("svg")
    described = sum(1 for tag, name, _ in reader.attributes if (tag, name) == ("svg", "aria-label"))
    hidden = sum(1 for tag, name, _ in reader.attributes if (tag, name) == ("svg", "aria-hidden"))
    inside = sum(1 for tag, name, _ in reader.attributes if (tag, name) == ("svg", "x"))
    assert described >= 8
    assert drawn == described + hidden + inside
    assert reader.tags.count("caption") == reader.tags.count("table") >= 8


def test_hostile_values_stay_text(result):
    evil = "\"><script>alert('x')</script>"
    outcomes = result.outcomes.assign(country=np.where(result.outcomes.index % 2, evil, "&amp;"))
    spoilt = board(
        outcomes.rename(columns={"country": "<u>land"}),
        {name: said["p_churn"].to_numpy() for name, said in result.answers.items()},
        attributes=("<u>land",),
    )
    html = report(spoilt)
    words = "".join(read(html).words)
    assert evil in words
    assert "&amp;" in words
    assert "<u>land" in words
    assert "<i>orders.csv" in words
    assert not {"script", "u", "i"} & set(read(html).tags)


def test_same_inputs_make_the_same_bytes(result):
    again = copy.deepcopy(result)
    assert report(result) == report(again)
    shuffled = dict(reversed(again.answers.items()))
    again.answers.clear()
    again.answers.update(shuffled)
    assert report(result) == report(again)


def test_no_value_of_a_few_customers_is_on_the_page(result):
    mails = [f"customer{n}@sentinel.example" for n in range(400)] * 2
    spoilt = board(
        result.outcomes.assign(mail=mails),
        {name: said["p_churn"].to_numpy() for name, said in result.answers.items()},
        attributes=("mail",),
    )
    html = report(spoilt)
    assert "all others (400 values)" in html
    assert "sentinel" not in html


def test_every_number_that_is_drawn_is_one(result):
    html = report(result)
    drawn = re.findall(r' (?:d|x|y|cx|cy|width|height|points)="([^"]*)"', html)
    assert len(drawn) > 200
    assert not [value for value in drawn if re.search(r"nan|inf|e[+-]?\d", value)]


@pytest.mark.parametrize("case", ["one_cutoff", "no_rule", "no_spend", "no_today", "nobody_left"])
def test_page_leaves_out_what_there_is_not(case):
    outcomes, truth = customers(300)
    p_churn = {"blend": truth, "recency_alone": np.full(len(truth), 0.5)}
    spend, today = None, TODAY
    if case == "one_cutoff":
        outcomes = outcomes[outcomes["cutoff"] == CUTOFFS[0]]
        p_churn = {name: p[: len(outcomes)] for name, p in p_churn.items()}
    elif case == "no_rule":
        del p_churn["recency_alone"]
    elif case == "no_spend":
        spend = np.nan
    elif case == "no_today":
        today = None
    else:
        outcomes["churned"] = 0
    html = report(board(outcomes, p_churn, spend), today)
    ids = set(re.findall(r'<section id="(\w+)"', html))
    missing = {
        "one_cutoff": set(),
        "no_rule": {"rule", "groups"},
        "no_spend": {"spend", "profit"},
        "no_today": {"outlook", "course", "importance", "segments"},
        "nobody_left": {"groups"},
    }[case]
    everything = {"outlook", "rule", "calibration", "level", "lift", "spend", "profit", "groups"}
    everything |= {"grades", "course", "importance", "segments", "board", "log"}
    assert ids == everything - missing
    assert not re.search(r"\bnan\b", "".join(read(html).words))


def themes():
    """Colours of the light page, of the dark one, and of the printed one."""
    style = (files("pipeline.reporting") / "report.css").read_text()
    blocks = re.findall(r":root \{([^}]*--page[^}]*)\}", style)
    assert len(blocks) == 3
    return [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in blocks]


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "print"])
def test_contrast_is_what_wcag_asks_for(theme):
    colours = themes()[theme]
    for ground in ("page", "card", "tint", "warn"):
        for ink in ("ink", "soft"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for line in ("main", "other", "quiet"):
        assert contrast(colours[line], colours["card"]) >= 3, line


def test_axis_holds_all_values_between_round_ticks():
    rng = np.random.default_rng(0)
    for scale in (1e-9, 0.3, 7, 4e6):
        for values in (rng.normal(0, scale, 9), np.full(3, scale), [0.0, 0.0]):
            axis = charts.axis(values, "")
            assert axis.low <= min(values)
            assert axis.high >= max(values)
            assert 2 <= len(axis.ticks) <= 7
            assert len({name for _, name in axis.ticks}) == len(axis.ticks)


@pytest.mark.thorough
def test_backtest_writes_the_report_on_request(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    log = shop.write(tmp_path / "orders.csv", shop.rows())
    settings = ["contenders=[recency_alone, bg_nbd]", "log.columns.attributes=[Country]"]
    settings += ["backtest.cutoffs=1", "training.max_cutoffs=1"]
    words = [word for setting in settings for word in ("--set", setting)]
    words += ["--horizon", "60d", "--report", "page.html"]
    assert cli.run(["backtest", str(log), *shop.COLUMNS, *words]) == 0
    html = (tmp_path / "page.html").read_text()
    assert "File: page.html" in capfd.readouterr().out
    assert 'id="profit"' in html
    assert "Country" in html
    ids = {row[0] for row in shop.rows()}
    assert not [name for name in ids if len(name) > 8 and name in html]


def test_charts_are_drawings_of_their_own_with_their_colours(tmp_path, result):
    file = tmp_path / "report.html"
    file.write_text(report(result, TODAY), encoding="utf-8")
    found = drawings(file)
    assert {"calibration-1", "level-1", "level-2"} <= set(found)
    for name, drawn in found.items():
        assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg", name
        assert "--main:" in drawn
        assert re.match(r'<svg xmlns="[^"]+" width="800" height="\d+"', drawn), name
    assert len(found) == file.read_text(encoding="utf-8").count('<svg class="chart"')
