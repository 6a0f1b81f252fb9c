"""A measurement: what the contacts changed, in words, and what makes it refuse a verdict."""

import json
import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.errors import UserError
from models.campaign.estimation import blocked_difference
from pipeline.acting import measure_page
from pipeline.acting.measured import read_measured, write_measured
from pipeline.acting.plan_file import write_plan
from pipeline.command_line import main as cli
from tests.pipeline.acting import world

pytestmark = pytest.mark.slow


def treated(plan):
    return plan.contacted["customer_id"].tolist()


@pytest.fixture(scope="module")
def strong(planned_once, frame, measured):
    """A campaign that keeps most of those leaving, and its measurement."""
    plan = planned_once(max_contacts=700, control_share=0.3)
    return plan, measured(plan, world.orders(frame, treated(plan), effect=1.0))


def test_differences_are_those_of_plain_pandas(planned, frame, measured):
    plan = planned()
    log = world.orders(frame, treated(plan), effect=0.5)
    found = measured(plan, log)
    end = world.AS_OF + timedelta(days=world.HORIZON)
    came = log[(log["date"] >= world.AS_OF) & (log["date"] < end)]
    spend = came.groupby("customer_id")["amount"].sum()
    members = plan.file.members
    y = members["customer_id"].map(spend).fillna(0.0)
    expected = blocked_difference(y, members["arm"] == "treated", members["block"])
    total = found.total.outcomes
    assert total["spend"].plain.estimate == pytest.approx(expected.estimate)
    assert total["spend"].plain.se == pytest.approx(expected.se)
    profit = 0.3 * expected.estimate - 0.5
    assert total["profit"].plain.estimate == pytest.approx(profit)
    assert found.total.profit.estimate == pytest.approx(
        total["profit"].adjusted.estimate * len(treated(plan))
    )
    assert total["spend"].narrower > 0.03, "the scores explain a part of spend"


def test_a_strong_campaign_earned_and_its_effect_is_found(strong):
    _, found = strong
    assert found.verdict[0].startswith("The campaign earned")
    assert found.total.effect.low < 1.0 < found.total.effect.high
    assert found.total.effect.low > 0
    assert not found.interim
    assert found.doubts == ()


def test_rate_and_spend_are_told_as_more_or_less_than_the_control(strong):
    _, found = strong
    rate, spend = (found.total.outcomes[name].adjusted for name in ("purchase_rate", "spend"))
    said = " ".join(found.verdict)
    assert (
        f"{100 * rate.estimate:.1f} points more of those to be contacted bought than of the "
        f"control ({100 * rate.low:+.1f} to {100 * rate.high:+.1f}), and they spent "
        f"{spend.estimate:,.2f} more each"
    ) in said


def test_a_campaign_without_effect_lost_its_cost(planned, frame, measured):
    plan = planned(contact_cost=6.0, margin=1.0, effect=0.5)
    found = measured(plan, world.orders(frame))
    assert "lost" in found.verdict[0] or "Cannot tell" in found.verdict[0]
    assert found.total.profit.low < -6.0 * found.total.n_treated < found.total.profit.high


def test_what_cannot_be_told_is_said_with_what_it_would_take(planned, frame, measured):
    found = measured(planned(), world.orders(frame, seed=3))
    assert found.verdict[0].startswith("Cannot tell")
    assert "takes" in found.verdict[0] or "no campaign" in found.verdict[0]


def test_before_the_horizon_is_over_the_look_is_interim_and_wider(planned, frame, measured):
    plan = planned()
    log = world.orders(frame, treated(plan), effect=0.5)
    early = measured(plan, log, until=world.AS_OF + timedelta(days=30))
    whole = measured(plan, log)
    assert early.interim
    assert early.verdict[0].startswith("Interim")
    assert early.total.outcomes["spend"].adjusted.reach == pytest.approx(3.04, abs=0.01)
    # The usual one of one look: Student's t, for a few customers spend much.
    assert 1.96 < whole.total.outcomes["spend"].adjusted.reach < 2.03
    cut = measured(plan, log[log["date"] < date(2024, 3, 31)])
    assert cut.interim, "the log may end before the horizon does"
    assert cut.total.outcomes["spend"].plain.estimate == pytest.approx(
        early.total.outcomes["spend"].plain.estimate
    )


def test_each_arm_is_held_against_the_control_and_all_together(planned, frame, measured):
    arms = {"letter": {"share": 0.5, "contact_cost": 3.0}, "mail": {"share": 0.5}}
    plan = planned(arms=arms, control_share=0.34, effect=0.9)
    mailed = plan.file.members.query("arm == 'mail'")["customer_id"]
    found = measured(plan, world.orders(frame, mailed, effect=1.0))
    letter, mail, both = found.comparisons
    assert (letter.arm, mail.arm, both.arm) == ("letter", "mail", "all treatments")
    assert letter.n_treated + mail.n_treated == both.n_treated
    assert letter.n_control == mail.n_control == both.n_control
    assert mail.profit.estimate > letter.profit.estimate
    assert letter.outcomes["spend"].adjusted.low < 0 < letter.outcomes["spend"].adjusted.high


def test_customers_lost_from_one_group_leave_no_verdict(planned, frame, measured):
    plan = planned()
    control = plan.file.members.query("arm == 'control'")["customer_id"]
    log = world.orders(frame, treated(plan), effect=1.0)
    gone = set(control.iloc[::2])
    found = measured(plan, log[~log["customer_id"].isin(gone)])
    assert found.verdict[0].startswith("No verdict")
    assert "Sample ratio mismatch" in found.doubts[0]
    html = measure_page.page(found)
    assert "Sample ratio mismatch" in html
    assert "Treated less control" not in html


def test_a_few_customers_lost_from_all_groups_are_told(planned, frame, measured):
    plan = planned()
    log = world.orders(frame)
    gone = set(plan.file.members["customer_id"].iloc[::100])
    found = measured(plan, log[~log["customer_id"].isin(gone)])
    assert found.doubts == ()
    assert any(f"{len(gone)} of" in note and "missing" in note for note in found.notes)


def test_groups_that_differed_before_leave_no_verdict(planned, frame, measured):
    plan = planned()
    log = world.orders(frame, before=59)
    extra = pd.DataFrame({"customer_id": treated(plan), "amount": 30.0})
    extra["date"] = world.AS_OF - timedelta(days=5)
    found = measured(plan, pd.concat([log, extra]))
    assert found.verdict[0].startswith("No verdict")
    said = next(doubt for doubt in found.doubts if "before the campaign" in doubt)
    assert re.match(r"The treated spent [\d.]+ more each than the control over", said)


def test_contacts_of_the_control_are_counted_and_the_effect_on_those_contacted_is_found(
    planned, frame, measured
):
    plan = planned(control_share=0.4)
    rng = np.random.default_rng(0)
    members = plan.file.members
    control = (members["arm"] == "control").to_numpy()
    draw = rng.random(len(members))
    # A third of the control was contacted by mistake, a third of the others was not.
    sent = members["customer_id"][np.where(control, draw < 0.33, draw < 0.67)]
    found = measured(plan, world.orders(frame, sent, effect=1.0), sent=[*sent, "new", "01999x"])
    spend, complier = found.total.outcomes["spend"].plain, found.total.complier
    reached = members["customer_id"].isin(set(sent)).to_numpy()
    more = reached[~control].mean() - reached[control].mean()
    assert complier.estimate == pytest.approx(spend.estimate / more, rel=0.05)
    assert complier.se > 2 * spend.se
    note = next(note for note in found.notes if "in the control were contacted" in note)
    assert f"{(draw < 0.33)[control].sum():,} of {control.sum():,}" in note
    assert "2 of" in note, "two were sent to who are no part of the plan"


def test_a_log_that_does_not_reach_the_campaign_is_refused(planned, frame, measured):
    log = world.orders(frame)
    before = log[log["date"] < world.AS_OF]
    with pytest.raises(UserError, match="horizon has not begun"):
        measured(planned(), before)
    with pytest.raises(UserError, match="begins on 2024-03-01 only"):
        measured(planned(), log, until=world.AS_OF)


def test_segments_are_shrunk_and_come_with_a_word_on_many_looks(strong):
    _, found = strong
    assert len(found.segments) >= 2
    for one in found.segments.values():
        assert one["high"] - one["low"] <= 2 * 1.97 * one["se"] + 1e-9
    assert any("by chance alone" in said for said in found.verdict)


def test_results_come_back_from_their_file_and_nothing_else_does(strong, tmp_path):
    _, found = strong
    path = tmp_path / "measured.json"
    write_measured(found, path)
    assert path.stat().st_mode & 0o777 == 0o600
    told = read_measured(path)
    assert told["comparisons"][-1]["effect"]["estimate"] == found.total.effect.estimate
    for text in ("{}", "[1]", "no json", '{"format": 99}'):
        path.write_text(text)
        with pytest.raises(UserError, match="no result of `churn measure"):
            read_measured(path)


def test_command_measures_writes_and_names_no_customer(
    planned, frame, tmp_path, tracking_uri, capsys, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_uri)
    plan = planned()
    write_plan(plan.file, tmp_path / "plan.parquet")
    world.orders(frame, treated(plan), effect=1.0).to_csv(tmp_path / "orders.csv", index=False)
    files = [str(tmp_path / name) for name in ("plan.parquet", "orders.csv")]
    out, page = (str(tmp_path / name) for name in ("measured.json", "page.html"))
    assert cli.run(["measure", *files, "--out", out, "--report", page, "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "The campaign earned" in shown
    assert "set aside" in shown
    told = json.loads((tmp_path / "measured.json").read_text())
    assert told["verdict"][0] in shown.replace("\n", " ")
    assert not any(name in (tmp_path / "page.html").read_text() for name in treated(plan)[:50])
    assert "Next: churn score" in shown
    assert cli.run(["measure", *files, "--out", out, "--until", "2024-03-20", "--quiet"]) == 0
    interim = capsys.readouterr().out
    assert "Interim: the horizon is over on 2024-04-30 only." in interim.replace("\n", " ")
    assert "Next:" not in interim, "nothing is learned from an interim look"
    assert cli.run(["measure", *files, "--out", "m.txt", "--quiet"]) == 2
    assert "m.txt: the name of a measurement must end in .json" in capsys.readouterr().err
    assert cli.run(["measure", files[0], files[1], "--out", files[0], "--quiet"]) == 2
    assert "is an input" in capsys.readouterr().err
