"""The figures of the papers: parameters, likelihoods, standard errors, points, holdouts."""

import numpy as np
import pandas as pd
import pytest

from models.btyd import (
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoModel,
    NBDModel,
    ParetoNBDModel,
)

MODELS = {
    "bg": BetaGeoModel,
    "mbg": ModifiedBetaGeoModel,
    "pareto": ParetoNBDModel,
    "nbd": NBDModel,
}


@pytest.fixture(scope="module")
def fitted(cdnow):
    return {name: model().fit(cdnow) for name, model in MODELS.items()}


# Fader, Hardie & Lee 2005; Batislam et al. 2007; Fader & Hardie's notes. The papers' optimisers
# stopped a little below the top, so parameters agree to the digits their likelihood determines.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "params", "log_likelihood", "tolerance"),
    [
        (
            "bg",
            {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881},
            -9582.429,
            2e-5,
        ),
        ("mbg", {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, -9582.136, 1e-3),
        (
            "pareto",
            {"r": 0.55315, "alpha": 10.57633, "s": 0.60625, "beta": 11.67150},
            -9594.976,
            5e-4,
        ),
    ],
)
def test_cdnow_sample_parameters_and_likelihood(fitted, name, params, log_likelihood, tolerance):
    model = fitted[name]
    assert model.params_ == pytest.approx(params, rel=tolerance)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=6e-4)
    assert model.converged_
    assert model.n_customers_ == 2357
    assert model.aic_ == pytest.approx(8 - 2 * log_likelihood, abs=2e-3)


def test_cdnow_sample_nbd(fitted):
    model = fitted["nbd"]
    assert model.params_ == pytest.approx({"r": 0.3848, "alpha": 12.072}, rel=2e-4)
    assert model.log_likelihood_ == pytest.approx(-9763.658, abs=6e-4)


def test_grocery_log_nbd(grocery):
    assert NBDModel().fit(grocery).log_likelihood_ == pytest.approx(-16376.864, abs=6e-4)


def test_cdnow_sample_pareto_standard_errors(fitted):
    published = {"r": 0.0476264, "alpha": 0.8427222, "s": 0.1872594, "beta": 6.2105448}
    assert fitted["pareto"].standard_errors_ == pytest.approx(published, rel=5e-4)


def test_cdnow_sample_gamma_gamma(cdnow):
    """Fader & Hardie 2013: 946 repeaters, and the first ten customers' expected spend."""
    model = GammaGammaModel().fit(cdnow)
    assert model.params_ == pytest.approx({"p": 6.25, "q": 3.74, "v": 15.44}, abs=0.005)
    assert model.log_likelihood_ == pytest.approx(-4055.9177, abs=1e-4)
    assert model.n_customers_ == 946
    first = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert model.expected_spend(cdnow)[:10] == pytest.approx(first, abs=0.006)


@pytest.mark.parametrize(
    ("name", "total", "mae", "rmse", "correlation"),
    [
        ("pareto", 1665.5, 0.7545, 1.6028, 0.6302),
        ("bg", 1653.4, 0.7855, 1.6080, 0.6256),
        ("mbg", 1576.7, 0.7648, 1.6072, 0.6273),
        ("nbd", 2929.8, 1.0410, 1.8595, 0.5834),
    ],
)
def test_cdnow_sample_holdout(cdnow, fitted, name, total, mae, rmse, correlation):
    expected, seen = fitted[name].expected_purchases(cdnow, 39), cdnow["holdout"].to_numpy()
    assert seen.sum() == 1882
    assert expected.sum() == pytest.approx(total, abs=0.06)
    assert np.abs(expected - seen).mean() == pytest.approx(mae, abs=6e-5)
    assert np.sqrt(((expected - seen) ** 2).mean()) == pytest.approx(rmse, abs=6e-5)
    assert np.corrcoef(expected, seen)[0, 1] == pytest.approx(correlation, abs=6e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "log_likelihood"), [("bg", -95368.44), ("mbg", -95336.96), ("pareto", -95415.12)]
)
def test_full_cdnow_likelihood(cdnow_full, name, log_likelihood):
    assert cdnow_full["frequency"].sum() == 24337
    assert cdnow_full["holdout"].sum() == 19684
    model = MODELS[name]().fit(cdnow_full)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=6e-3)


@pytest.mark.parametrize(
    ("name", "log_likelihood", "total", "mae", "rmse", "correlation"),
    [
        ("pareto", -15782.392, 3990.7, 1.5079, 3.1938, 0.8208),
        ("bg", -15836.566, 3996.4, 1.5774, 3.1503, 0.8222),
        ("mbg", -15781.939, 4024.8, 1.5130, 3.2085, 0.8202),
    ],
)
def test_grocery_log(grocery, name, log_likelihood, total, mae, rmse, correlation):
    model = MODELS[name]().fit(grocery)
    expected, seen = model.expected_purchases(grocery, 52), grocery["holdout"].to_numpy()
    assert seen.sum() == 3389
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=6e-4)
    assert expected.sum() == pytest.approx(total, abs=0.06)
    assert np.abs(expected - seen).mean() == pytest.approx(mae, abs=6e-5)
    assert np.sqrt(((expected - seen) ** 2).mean()) == pytest.approx(rmse, abs=6e-5)
    assert np.corrcoef(expected, seen)[0, 1] == pytest.approx(correlation, abs=6e-5)


def customer(frequency, recency, age):
    return pd.DataFrame({"frequency": [frequency], "recency": [recency], "T": [age]})


def test_bg_points():
    """Fader, Hardie & Lee 2005: E[39 weeks | 2, 30.43, 38.86] and the new customer's curve."""
    model = BetaGeoModel.from_params({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    assert model.expected_purchases(customer(2, 30.43, 38.86), 39) == pytest.approx(1.226, abs=5e-4)
    weeks = [0.1429, 1, 3, 31.8571, 32, 78]
    curve = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    exact = {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}
    new = BetaGeoModel.from_params(exact).expected_purchases_new_customer(weeks)
    assert new[:5] == pytest.approx(curve[:5], abs=6e-5)
    # mpmath gives 1.857956 at these parameters: the published last digit is off.
    assert new[5] == pytest.approx(curve[5], abs=4e-4)


def test_bg_new_customer_stays_silent():
    """P(X(39) = 0) of a customer just acquired, at the parameters printed in the paper."""
    printed = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    silent = BetaGeoModel.from_params(printed).probability_no_purchase(customer(0, 0, 0), 39)
    assert silent == pytest.approx(0.5737864, abs=1e-6)


@pytest.mark.parametrize(
    ("model", "x", "t_x", "log_likelihood"),
    [
        (BetaGeoModel, 0, 0, -0.59947382),
        (BetaGeoModel, 200, 38, 100.7957),
        (ModifiedBetaGeoModel, 0, 0, -0.41792826),
        (ModifiedBetaGeoModel, 200, 38, 100.7869),
    ],
)
def test_likelihood_of_one_customer(model, x, t_x, log_likelihood):
    known = model.from_params({"r": 0.25, "alpha": 4, "a": 0.8, "b": 2.5})
    found = known.customer_log_likelihood(customer(x, t_x, 40))
    assert found == pytest.approx(log_likelihood, abs=5e-5 if x else 5e-9)


def test_pareto_points(fitted):
    busy = customer(26, 30.86, 31)
    assert fitted["pareto"].expected_purchases(busy, 52) == pytest.approx(25.46, abs=5e-3)
    assert fitted["pareto"].probability_alive(busy) == pytest.approx(0.9979, abs=5e-5)


@pytest.mark.parametrize(("x", "expected"), [(132, 6.2060517889632418), (133, 6.2528722475748113)])
def test_pareto_point_where_textbook_forms_overflow(x, expected):
    model = ParetoNBDModel.from_params({"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67})
    assert model.expected_purchases(customer(x, 200, 200), 10) == pytest.approx(expected, rel=1e-12)
