"""The gate: a challenger becomes champion only when it is not worse on the same days."""

from dataclasses import replace
from datetime import date

import pytest

from features.errors import UserError
from pipeline.model_files.manifest import FORMAT
from pipeline.tracking.version import FORM, HORIZON, IDENTITY, Version
from pipeline.training.card import UNFIT
from pipeline.training.gate import compared, gate
from tests.pipeline import shop

FIRST, SECOND, THIRD = date(2024, 1, 1), date(2024, 4, 1), date(2024, 7, 1)


def version(number, log_loss, spend_gini=None, horizon=90, log=shop.IDENTITY):
    figures = {"log_loss": log_loss, "spend_gini": spend_gini or dict.fromkeys(log_loss, 0.7)}
    tags = {"horizon_days": str(horizon), IDENTITY: log.model_dump_json(), FORM: str(FORMAT)}
    return Version("churn", str(number), f"run{number}", tags, figures)


CHAMPION = version(1, {FIRST: 0.40, SECOND: 0.30})


def test_without_a_champion_there_is_nothing_to_be_worse_than():
    assert gate(version(2, {FIRST: 9.0}), None) == []


@pytest.mark.parametrize(
    "figures",
    [
        pytest.param({FIRST: 0.40, SECOND: 0.30}, id="equal"),
        pytest.param({FIRST: 0.41, SECOND: 0.28}, id="better_on_average"),
        pytest.param({FIRST: 0.4004, SECOND: 0.3004}, id="worse_by_less_than_corrected_rows_move"),
        pytest.param({SECOND: 0.30}, id="not_fitted_where_the_champion_was"),
        pytest.param({SECOND: 0.30, THIRD: 0.90}, id="worse_only_where_the_champion_was_not"),
    ],
)
def test_not_worse_passes(figures):
    assert gate(version(2, figures), CHAMPION) == []


def test_worse_log_loss_is_refused_with_both_figures():
    (reason,) = gate(version(2, {FIRST: 0.42, SECOND: 0.30}), CHAMPION)
    assert "log_loss 0.3600 is worse than the champion's 0.3500" in reason
    assert "0 of 2 shared cutoffs" in reason


def test_worse_by_more_than_corrected_rows_move_is_refused():
    (reason,) = gate(version(2, {FIRST: 0.4006, SECOND: 0.3006}), CHAMPION)
    assert "log_loss" in reason


def test_worse_spend_gini_is_refused():
    worse = version(2, {FIRST: 0.40, SECOND: 0.30}, {FIRST: 0.69, SECOND: 0.70})
    assert ["spend_gini" in reason for reason in gate(worse, CHAMPION)] == [True]


def test_other_days_cannot_be_compared():
    (reason,) = gate(version(2, {THIRD: 0.1}), CHAMPION)
    assert "other cutoffs" in reason


def test_another_horizon_is_another_question():
    (reason,) = gate(version(2, {FIRST: 0.1, SECOND: 0.1}, horizon=60), CHAMPION)
    assert "60 days" in reason


def test_what_was_compared_is_said_with_both_figures():
    said = compared(version(2, {FIRST: 0.40, SECOND: 0.3004}), CHAMPION)
    assert said[0].startswith("log_loss 0.3502, the champion before 0.3500 (2 shared cutoffs")
    assert compared(CHAMPION, None) == []


def test_another_log_is_another_business():
    north, south = (
        shop.IDENTITY.model_copy(update={"name": name, "named": True})
        for name in ("North", "South")
    )
    (reason,) = gate(version(2, {FIRST: 0.1}, log=south), version(1, {FIRST: 0.4}, log=north))
    assert "learned from South, the champion of churn from North, another log" in reason


@pytest.mark.parametrize("champion", [None, CHAMPION])
def test_what_a_naive_rule_beats_or_nothing_judged_is_no_champion(champion):
    unfit = version(2, {FIRST: 0.1, SECOND: 0.1})
    unfit.tags[UNFIT] = "it is worse than recency alone at all 2 cutoffs, beyond chance"
    assert gate(unfit, champion) == [unfit.tags[UNFIT]]


def test_a_champion_of_an_earlier_format_gives_way_to_its_own_log_only():
    old = replace(CHAMPION, tags=CHAMPION.tags | {FORM: str(FORMAT - 1)})
    assert gate(version(2, {THIRD: 0.9}, horizon=60), old) == []
    assert gate(version(2, {FIRST: 0.9, SECOND: 0.9}), old) == []
    named = shop.IDENTITY.model_copy(update={"named": True})
    other = named.model_copy(update={"name": "other"})
    old = replace(old, tags=old.tags | {IDENTITY: named.model_dump_json()})
    (reason,) = gate(version(2, {FIRST: 0.1}, log=other), old)
    assert "another log" in reason


@pytest.mark.parametrize("tag", [IDENTITY, HORIZON])
def test_a_deleted_tag_of_either_is_an_error_and_no_reason_to_compare_nothing(tag):
    of = [version(2, {FIRST: 0.1}), replace(CHAMPION, tags=dict(CHAMPION.tags))]
    for altered in of:
        told = altered.tags.pop(tag)
        with pytest.raises(UserError, match=f"tag {tag} of version {altered.version} .* is gone"):
            gate(*of)
        altered.tags[tag] = told


def test_where_all_tags_were_deleted_it_is_said_that_nothing_was_compared():
    bare = replace(CHAMPION, tags={})
    (said,) = compared(version(2, {FIRST: 0.9}), bare)
    assert "no tags of a format" in said
    assert said.endswith("Nothing was compared.")
    (reason,) = gate(replace(version(2, {FIRST: 0.1}), tags={}), CHAMPION)
    assert "tags were deleted" in reason


def test_figures_of_two_questions_are_not_told_as_a_comparison():
    old = replace(CHAMPION, tags=CHAMPION.tags | {FORM: str(FORMAT - 1)})
    (said,) = compared(version(2, {FIRST: 0.1}), old)
    assert said.endswith("version 1, was made in an earlier format. Nothing was compared.")
    (said,) = compared(version(2, {FIRST: 0.1}, horizon=60), CHAMPION)
    assert said.startswith("Nothing was compared: it answers for 60 days")
