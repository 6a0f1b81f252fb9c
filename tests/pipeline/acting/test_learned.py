"""What was measured goes into the next plan: pooled, by segment, or as an uplift model."""

import json

import pytest

from features.errors import UserError
from models.campaign.pooling import corrected, pool
from pipeline.acting import plan as stage
from pipeline.acting import plan_words
from pipeline.acting.effect import effect_of
from pipeline.acting.measured import write_measured
from pipeline.campaign_config import CampaignConfig, ControlConfig
from pipeline.model_files import artifact
from tests.pipeline.acting import world

T = 2.3
"""Errors to each side of a campaign's interval, in which a few customers decide."""


def result(path, effect, se, segments=None, **more):
    """A result of `churn measure`, as far as a plan reads it."""
    told = {
        "format": 1,
        "campaign": path.stem,
        "kind": "mail",
        "fingerprint": path.stem,
        "until": "2024-05-01",
        "interim": False,
        "doubts": [],
        "segments": {name: {"effect": e, "se": s} for name, (e, s) in (segments or {}).items()},
        "comparisons": [
            {
                "effect": {
                    "estimate": effect,
                    "se": se,
                    "low": effect - T * se,
                    "high": effect + T * se,
                }
            }
        ],
        **more,
    }
    path.write_text(json.dumps(told))
    return str(path)


def config(*measured, **keys):
    return CampaignConfig(contact_cost=0.5, kind="mail", measured=measured, **keys)


def test_campaigns_of_one_kind_are_pooled_and_correct_the_assumption(tmp_path):
    files = [result(tmp_path / f"{n}.json", e, 0.1) for n, e in enumerate((0.2, 0.5, 0.35))]
    effect, notes = effect_of("next", config(str(tmp_path / "*.json")))
    expected = pool([0.2, 0.5, 0.35], [0.1, 0.1, 0.1])
    assert (effect.source, effect.n_campaigns, notes) == ("measured", 3, [])
    assert effect.measured == pytest.approx(expected.mean)
    assert effect.share == corrected(0.05, expected.mean, expected.se)
    assert (effect.low, effect.high) == (expected.low, expected.high)
    assert effect_of("next", config(*files))[0] == effect
    assert effect_of("next", config())[0].source == "assumed"


def test_after_a_campaign_that_cannot_tell_the_assumption_is_hardly_moved(tmp_path):
    result(tmp_path / "vague.json", 0.9, 0.8)
    effect, _ = effect_of("next", config(str(tmp_path / "vague.json"), effect=0.2))
    assert effect.share == pytest.approx(0.24, abs=0.02)
    assert (effect.measured, effect.assumed) == (0.9, 0.2)
    assert (effect.low, effect.high) == pytest.approx((0.9 - T * 0.8, 0.9 + T * 0.8))


def test_what_is_no_evidence_is_set_aside_and_said(tmp_path):
    result(tmp_path / "good.json", 0.3, 0.1)
    result(tmp_path / "early.json", 9.0, 0.1, interim=True)
    result(tmp_path / "broken.json", 9.0, 0.1, doubts=["Sample ratio mismatch"])
    result(tmp_path / "letter.json", 9.0, 0.1, kind="letter")
    effect, notes = effect_of("next", config(str(tmp_path / "*.json")))
    assert effect.measured == 0.3
    assert sorted(notes) == [
        "Not learned from broken: without a verdict.",
        "Not learned from early: interim.",
        "Not learned from letter: of another kind, letter and not mail; if next is of that kind "
        "too: --set campaigns.next.kind=letter.",
    ]
    only, _ = effect_of("next", config(str(tmp_path / "early.json"), effect=0.07))
    assert (only.source, only.share) == ("assumed", 0.07)
    with pytest.raises(UserError, match="no such result"):
        effect_of("next", config(str(tmp_path / "none.json")))
    awaited = str(tmp_path / "none*.json")
    assert effect_of("next", config(awaited))[1] == [
        f"{awaited}: no result of `churn measure` yet."
    ]


def test_a_campaign_measured_twice_counts_once_as_it_was_measured_last(tmp_path):
    result(tmp_path / "one.json", 0.1, 0.1, fingerprint="same", until="2024-04-01")
    result(tmp_path / "two.json", 0.4, 0.1, fingerprint="same")
    effect, _ = effect_of("next", config(str(tmp_path / "*.json")))
    assert (effect.measured, effect.n_campaigns) == (0.4, 1)


def test_segments_part_only_where_the_evidence_carries_it(tmp_path):
    apart = {"loyal": (-0.3, 0.05), "at risk": (0.9, 0.05), "lost": (0.0, 0.05)}
    alike = dict.fromkeys(apart, (0.3, 0.4)) | {"loyal": (0.2, 0.4)}
    result(tmp_path / "a.json", 0.3, 0.1, alike)
    together, _ = effect_of("next", config(str(tmp_path / "a.json")))
    assert together.by_segment == {}
    result(tmp_path / "b.json", 0.3, 0.1, apart)
    effect, _ = effect_of("next", config(str(tmp_path / "b.json")))
    assert effect.by_segment["at risk"] == pytest.approx(0.9, abs=0.03)
    assert effect.by_segment["loyal"] == pytest.approx(-0.3, abs=0.03)


def test_segments_that_differ_by_less_than_chance_share_one_effect(tmp_path):
    chance = {"loyal": (0.0, 0.2), "at risk": (0.6, 0.25), "lost": (0.1, 0.2)}
    result(tmp_path / "a.json", 0.2, 0.1, chance)
    assert effect_of("next", config(str(tmp_path / "a.json")))[0].by_segment == {}


@pytest.mark.slow
def test_a_lucky_segment_is_corrected_by_campaigns_of_it_alone(tmp_path, planned, frame, measured):
    lucky = {"loyal": (0.0, 0.05), "at risk": (0.9, 0.1), "lost": (0.0, 0.05)}
    files = [result(tmp_path / "first.json", 0.1, 0.05, lucky)]
    plan = planned(eligible={"segment": "at risk"}, kind="mail")
    found = measured(plan, world.orders(frame))
    assert set(found.segments) == {"at risk"}
    write_measured(found, tmp_path / "again.json")
    before, _ = effect_of("next", config(*files))
    after, _ = effect_of("next", config(*files, str(tmp_path / "again.json")))
    assert after.by_segment.get("at risk", after.share) < before.by_segment["at risk"]


def said_of(made):
    return " ".join(plan_words.sentences(made))


def test_a_plan_by_measured_effects_leaves_out_whom_contacts_drive_away(tmp_path, scores):
    apart = {"loyal": (-0.3, 0.05), "at risk": (0.9, 0.05), "lost": (0.0, 0.05)}
    result(tmp_path / "a.json", 0.3, 0.1, apart)
    terms = config(str(tmp_path / "a.json"))
    effect, _ = effect_of("next", terms)
    made = stage.plan(scores, "next", terms, ControlConfig(), effect)
    assert set(made.file.members["segment"]) == {"at risk"}
    said = plan_words.sentences(made)[1]
    assert "measured in 1 campaign of this kind: a contact gained 30.0% (7.0% to 53.0%)" in said
    assert f"the 5.0% assumed are corrected to {effect.share:.1%}" in said
    assert made.file.terms.effect["by_segment"]["loyal"] < 0
    assert "beyond chance and are planned by effects of their own: at risk 8" in said_of(made)


@pytest.mark.slow
def test_measuring_and_planning_again_closes_the_loop(planned, frame, measured, tmp_path, scores):
    plan = planned(kind="mail", control_share=0.3)
    contacted = plan.contacted["customer_id"]
    found = measured(plan, world.orders(frame, contacted, effect=1.0))
    write_measured(found, tmp_path / "m.json")
    terms = config(str(tmp_path / "m.json"))
    effect, _ = effect_of("next", terms)
    told = found.total.effect
    assert (effect.measured, effect.low) == pytest.approx((told.estimate, told.low))
    again = stage.plan(scores, "next", terms, ControlConfig(), effect)
    assert len(again.file.members) > len(plan.file.members), "what works is done more"


@pytest.mark.slow
def test_a_campaign_in_which_nobody_bought_leaves_the_assumption(
    planned, frame, measured, tmp_path
):
    plan = planned(kind="mail")
    log = world.orders(frame)
    found = measured(plan, log[(log["date"] < world.AS_OF) | (log["customer_id"] == "new")])
    write_measured(found, tmp_path / "none.json")
    effect, _ = effect_of("next", config(str(tmp_path / "none.json"), effect=0.2))
    assert effect.share == pytest.approx(0.2, abs=0.01)


@pytest.mark.thorough
def test_an_uplift_model_is_kept_only_when_it_wins_and_then_plans(measured, tmp_path):
    frame = world.scores(3000)
    path = world.write_scores(tmp_path / "scores.parquet", frame)
    terms = CampaignConfig(contact_cost=0.0, control_share=0.5)
    made = stage.plan(path, "spring", terms, ControlConfig(), effect_of("spring", terms)[0])
    contacted = set(made.contacted["customer_id"])
    risk = frame["p_churn"].between(0.4, 0.6)
    kept = set(frame["customer_id"][risk]) & contacted
    folder = tmp_path / "uplift"
    log = world.orders(frame, kept, effect=2.0)
    # Contacts annoy everybody else: half of their purchases go.
    lost = contacted - kept
    cut = log["customer_id"].isin(lost) & (log["date"] >= world.AS_OF)
    log.loc[cut, "amount"] /= 2
    found = measured(made, log, uplift=folder)
    assert any("better than each beyond chance" in said for said in found.verdict)
    manifest = artifact.verify(folder)
    assert (manifest.contender, manifest.data_digest) == ("uplift", made.file.fingerprint)
    again = CampaignConfig(contact_cost=0.5, uplift=str(folder))
    effect, _ = effect_of("next", again)
    chosen = stage.plan(path, "next", again, ControlConfig(), effect).file.members
    assert chosen["p_churn"].between(0.35, 0.65).mean() > 0.8

    none = measured(made, world.orders(frame, seed=5), uplift=tmp_path / "none")
    assert any("it is not kept" in said for said in none.verdict)
    assert not (tmp_path / "none").exists()

    later = measured(made, world.orders(frame, seed=5), uplift=folder)
    assert any("does not confirm the earlier model" in said for said in later.verdict)
    assert not folder.exists(), "no plan goes by a model that the last campaign did not confirm"
    assert artifact.verify(tmp_path / "uplift-until-spring").contender == "uplift"


@pytest.mark.slow
def test_a_small_campaign_tries_no_uplift_model(planned, frame, measured, tmp_path):
    plan = planned(max_contacts=200)
    found = measured(plan, world.orders(frame), uplift=tmp_path / "uplift")
    assert "Too few customers for an uplift model" in found.verdict[-1]


def test_a_folder_that_is_no_uplift_model_is_refused(tmp_path):
    with pytest.raises(UserError):
        effect_of("next", config(uplift=str(tmp_path)))
