"""A log's sketch: it knows its own log again, mistakes no other for it, and names nobody."""

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.log.sketch import FEWEST, SAME_FROM, Sketch, overlap, sketch

START, N_DAYS = date(2022, 1, 1), 540
END = START + timedelta(days=N_DAYS)


def shop(seed, n_customers=2000, n_days=N_DAYS):
    """Purchase days of a shop that numbers its customers from 1."""
    rng = np.random.default_rng(seed)
    per_customer = 1 + rng.geometric(0.3, n_customers)
    customers = np.repeat(np.arange(1, n_customers + 1).astype(str), per_customer)
    days = rng.integers(0, n_days, len(customers))
    frame = pd.DataFrame({"customer_id": customers, "day": days}).drop_duplicates()
    return frame.assign(transacted_at=[START + timedelta(days=int(d)) for d in frame["day"]])


@pytest.fixture(scope="module")
def drawn():
    """Draw the sketch of purchase days held in a frame."""

    def draw(frame, like=None):
        rows = frame[["customer_id", "transacted_at"]].assign(amount=1.0)
        days = ibis.memtable(pa.Table.from_pandas(rows, preserve_index=False))
        return sketch(days, max(frame["transacted_at"]) + timedelta(days=1), like)

    return draw


def of_customers(frame, keep):
    return frame[frame["customer_id"].astype(int).map(keep)]


def grown(frame):
    """A year more, in which half as many new customers come, numbered on."""
    late = shop(99, 3000)
    late = late.assign(
        transacted_at=[day + timedelta(days=N_DAYS) for day in late["transacted_at"]]
    )
    return pd.concat([frame, late])


def with_new_customers(frame):
    """Three in ten customers are new, and bought in the same days."""
    new = of_customers(shop(98, 2857), lambda number: number > 2000)
    return pd.concat([frame, new])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda f: f, id="the_same_log"),
        pytest.param(lambda f: f.sample(frac=1, random_state=1), id="other_row_order"),
        pytest.param(grown, id="grown_on"),
        pytest.param(with_new_customers, id="three_in_ten_customers_new"),
        pytest.param(lambda f: of_customers(f, lambda n: n % 10 == 0), id="a_tenth_of_customers"),
        pytest.param(lambda f: f[f["day"] < N_DAYS // 2], id="an_older_export"),
        pytest.param(lambda f: f.sample(frac=0.9, random_state=2), id="a_tenth_was_corrected"),
    ],
)
def test_a_log_is_known_again(drawn, change):
    log = shop(1)
    learned = drawn(log)
    assert overlap(drawn(change(log), learned), learned) > 0.6


def test_a_model_of_a_sample_knows_the_whole_log(drawn):
    log = shop(1)
    learned = drawn(of_customers(log, lambda n: n % 10 == 0))
    assert overlap(drawn(log, learned), learned) > 0.7


@pytest.mark.slow
def test_two_stored_sketches_are_compared_without_their_logs(drawn):
    log = shop(1)
    assert overlap(drawn(grown(log)), drawn(log)) > 0.7
    assert overlap(drawn(log), drawn(grown(log))) > 0.7
    assert overlap(drawn(shop(2)), drawn(grown(log))) < 0.3


@pytest.mark.parametrize("n_customers", [60, 500, 2000])
def test_another_shop_that_numbers_its_customers_from_one_is_another(drawn, n_customers):
    learned = drawn(shop(1))
    assert overlap(drawn(shop(2, n_customers), learned), learned) < 0.3


def test_a_log_that_begins_where_the_other_ends_has_nothing_to_compare(drawn):
    log = shop(1)
    later = log.assign(transacted_at=[d + timedelta(days=N_DAYS) for d in log["transacted_at"]])
    assert drawn(later, drawn(log)).pairs == 0


def error_rates(pairs, common, runs=500):
    """How often a log of so many pairs, of which a share is common, is taken for the same."""
    rng = np.random.default_rng(0)
    power, seen, n = 15, 4096, 25_000
    share_seen, passed = seen / 2**power, 0
    for _ in range(runs):
        learned = rng.integers(0, seen, rng.binomial(n, share_seen))
        known = rng.choice(learned, rng.binomial(round(common * pairs), share_seen))
        new = rng.integers(0, seen, rng.binomial(pairs - round(common * pairs), share_seen))
        one, other = (
            Sketch(power, seen, frozenset(cells.tolist()), total, END)
            for cells, total in ((np.concatenate([known, new]), pairs), (learned, n))
        )
        share = overlap(one, other)
        passed += share is not None and share >= SAME_FROM
    return passed / runs


@pytest.mark.slow
def test_error_rates_of_the_rule_by_simulation():
    """A half is the border: 1,000 purchase days (125 seen) decide it, 200 (25 seen) nearly."""
    assert error_rates(1000, 0.0) == 0
    assert error_rates(1000, 0.2) < 0.001
    assert error_rates(1000, 0.8) > 0.995
    assert error_rates(200, 0.0) < 0.03
    assert error_rates(200, 1.0) > 0.99


def test_few_purchase_days_decide_nothing(drawn):
    learned = drawn(shop(1))
    few = shop(2, 15)
    assert len(few) < 8 * FEWEST
    assert overlap(drawn(few, learned), learned) is None


def test_nobody_can_be_read_from_a_sketch(drawn):
    """Whoever tries all ids on all days finds strangers as often as half of the customers."""
    log = shop(1)
    learned = drawn(log)
    assert 0.3 < learned.fill < 0.7
    strangers = drawn(shop(3), learned)
    met = np.mean([cell in learned.filled for cell in strangers.filled])
    assert met == pytest.approx(learned.fill, abs=0.05)
    # A true pair raises the odds that it is there by no more than 1 / fill.
    assert 1 / learned.fill < 3.4


def test_a_sketch_is_a_short_word_of_its_own_kind(drawn):
    learned = drawn(shop(1))
    assert Sketch.of_text(learned.to_text()) == learned
    assert len(learned.to_text()) < 800
    assert set(learned.to_text()).isdisjoint("|,;\n ")
