"""From a snapshot to a matrix: attributes of either kind, and what was never seen."""

import json

import numpy as np
import pandas as pd
import pytest

from models.contenders import linear
from models.contenders.encoding import MOST_CATEGORIES, RARE, Encoder


def panel(values) -> pd.DataFrame:
    frame = pd.DataFrame({"trait": pd.array(values, dtype="str")})
    return frame.assign(frequency=np.arange(len(frame), dtype=float))


AGES = [str(20 + n % 50) for n in range(400)]
CHANNELS = ["web", "shop"] * 200


def column(encoder: Encoder, values, name="trait=number") -> np.ndarray:
    return encoder.transform(panel(values))[:, encoder.names.index(name)]


def test_an_attribute_of_many_numbers_is_a_number():
    encoder = Encoder.fit(panel(AGES), ("trait",))
    assert encoder.names == ["frequency", "trait=number"]
    np.testing.assert_array_equal(column(encoder, ["37", "20.5"]), [37.0, 20.5])


@pytest.mark.parametrize("value", [None, "unknown", "inf", "1e999"])
def test_what_is_no_number_among_numbers_is_missing(value):
    encoder = Encoder.fit(panel(AGES), ("trait",))
    assert np.isnan(column(encoder, [value])).all()


def test_few_numbers_are_names():
    encoder = Encoder.fit(panel([str(n % 11) for n in range(11 * RARE)]), ("trait",))
    assert len(encoder.categories["trait"]) == 11
    assert not encoder.numbers


def test_one_word_among_numbers_makes_them_names():
    encoder = Encoder.fit(panel([*AGES, "none"]), ("trait",))
    assert not encoder.numbers
    assert set(encoder.categories) == {"trait"}


def test_a_category_never_seen_sets_no_column():
    encoder = Encoder.fit(panel(CHANNELS), ("trait",))
    matrix = encoder.transform(panel(["fair"]))
    assert encoder.names[1:] == ["trait=shop", "trait=web"]
    assert matrix[0, 1:].tolist() == [0.0, 0.0]


def test_rare_and_too_many_categories_have_no_column_of_their_own():
    many = [f"v{n % (MOST_CATEGORIES + 5):02}" for n in range((MOST_CATEGORIES + 5) * RARE)]
    encoder = Encoder.fit(panel([*many, "rare"]), ("trait",))
    assert len(encoder.categories["trait"]) == MOST_CATEGORIES
    assert "rare" not in encoder.categories["trait"]


@pytest.mark.parametrize("values", [AGES, CHANNELS])
def test_restored_it_encodes_alike(values):
    encoder = Encoder.fit(panel(values), ("trait",))
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder


@pytest.mark.parametrize(("days", "used"), [(700.0, False), (740.0, True)])
def test_the_place_in_the_year_counts_once_a_year_has_repeated_itself(days, used):
    rows = pd.DataFrame({"T": [10.0, days], "year_cosine_1": [0.1, 0.9]})
    assert ("year_cosine_1" in Encoder.fit(rows).names) == used


def test_a_linear_fit_works_on_the_features_in_place(monkeypatch):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"x": rng.random(500), "y": rng.random(500)})
    rows.loc[::3, "y"] = np.nan
    made, given = [], []
    encoded, ridge = Encoder.transform, linear.ridge_logistic

    def transform(*args, **keys):
        made.append(encoded(*args, **keys))
        return made[-1]

    def solved(matrix, *rest):
        given.append(matrix)
        return ridge(matrix, *rest)

    monkeypatch.setattr(Encoder, "transform", transform)
    monkeypatch.setattr(linear, "ridge_logistic", solved)
    churned = rng.integers(0, 2, 500).astype(float)
    fitted = linear.LinearLogit.fit(rows, churned, np.ones(500))
    assert fitted.indicated.tolist() == [1]
    assert given[0].shape == (500, 3)
    assert np.shares_memory(made[0], given[0])
