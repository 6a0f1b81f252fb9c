"""Personas and rules: found where they are, not where they are not."""

import numpy as np
import pandas as pd
import pytest

from models.explain.personas import personas
from models.explain.rules import rules


def shoppers(rng, n, gap, basket, weekend, frequency=20):
    return pd.DataFrame(
        {
            "frequency": rng.poisson(frequency, n) + 1,
            "gap_mean": np.exp(rng.normal(np.log(gap), 0.15, n)),
            "amount_mean": np.exp(rng.normal(np.log(basket), 0.15, n)),
            "weekend_share": np.clip(rng.normal(weekend, 0.05, n), 0, 1),
        }
    )


@pytest.fixture
def shop():
    rng = np.random.default_rng(1)
    found = pd.concat(
        [
            shoppers(rng, 300, 7, 20, 0.1),
            shoppers(rng, 200, 60, 200, 0.9),
            shoppers(rng, 400, 30, 30, 0.28).assign(frequency=0, gap_mean=np.nan),
        ],
        ignore_index=True,
    )
    return found.assign(amount_total=found["amount_mean"] * (found["frequency"] + 1))


@pytest.mark.slow
def test_two_kinds_of_customers_are_found_and_told(shop):
    found = personas(shop)
    assert found.table["customers"].tolist() == [200, 300, 400]
    assert found.stability > 0.95
    assert found.table["revenue_share"].sum() == pytest.approx(1)
    assert found.table["sentence"].tolist()[0].startswith("Every 6")
    assert ", weekends: 22% of customers" in found.table["sentence"][0]
    assert ", on working days: 33% of customers" in found.table["sentence"][1]
    assert found.table["sentence"][2].startswith("Bought once, baskets of 30: 44% of customers")


@pytest.mark.slow
def test_one_cloud_of_customers_is_one_persona():
    rng = np.random.default_rng(2)
    cloud = shoppers(rng, 400, 20, 50, 0.28, 200)
    cloud = cloud.assign(amount_total=cloud["amount_mean"])
    found = personas(cloud)
    assert len(found.table) == 1
    assert np.isnan(found.stability)


def test_few_customers_are_not_split(shop):
    found = personas(shop.head(50))
    assert len(found.table) == 1


def people(seed, n=4000):
    """Those silent for over 60 days leave in 9 of 10 cases, others in 3, frequent ones in 1."""
    rng = np.random.default_rng(seed)
    found = pd.DataFrame(
        {
            "days_since_last": rng.integers(1, 200, n),
            "frequency": rng.integers(0, 10, n),
            "T": rng.integers(200, 900, n),
            "amount_mean": rng.gamma(4, 10, n),
        }
    )
    chance = np.where(
        found["days_since_last"] > 60, 0.9, np.where(found["frequency"] > 4, 0.1, 0.3)
    )
    return found.assign(churned=(rng.random(n) < chance).astype(int))


def test_rules_are_read_and_counted_on_later_customers():
    earlier, later = people(1), people(2)
    found = rules(earlier, later)
    assert found["customers"].sum() == len(later)
    safe = found.iloc[-1]
    assert "bought on more than 5 days" in safe["rule"]
    assert "last bought at most 60 days ago" in safe["rule"]
    assert safe["churned"] == pytest.approx(0.1, abs=0.05)
    assert (found["low"] <= found["churned"]).all()
    quiet = later[later["days_since_last"] > 60]
    leaving = found[found["churned"] > 0.8]
    assert leaving["customers"].sum() == len(quiet)
    assert (leaving["customers"] * leaving["churned"]).sum() == pytest.approx(
        quiet["churned"].sum()
    )


def test_a_single_purchase_is_said_plainly():
    earlier, later = (
        people(seed).assign(churned=lambda t: (t["frequency"] == 0).astype(int)) for seed in (1, 2)
    )
    assert rules(earlier, later)["rule"].tolist() == ["bought once", "bought on more than 1 days"]


def test_the_later_outcomes_teach_nothing():
    earlier, later = people(1), people(2)
    turned = later.assign(churned=1 - later["churned"])
    one, other = rules(earlier, later), rules(earlier, turned)
    assert set(one["rule"]) == set(other["rule"])
    assert sorted(one["churned"]) == pytest.approx(sorted(1 - other["churned"]))


def test_no_rules_of_few_customers_or_one_outcome():
    assert rules(people(1, 100), people(2)) is None
    assert rules(people(1).assign(churned=1), people(2)) is None
