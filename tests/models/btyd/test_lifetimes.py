"""Notebooks written for lifetimes keep working, and its fits agree where it is right."""

import warnings

import numpy as np
import pytest

from models.btyd import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    GammaGammaModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
)


@pytest.fixture(autouse=True)
def quiet_lifetimes():
    with warnings.catch_warnings():
        # lifetimes sets a retired pandas option and takes logarithms of zero.
        warnings.simplefilter("ignore")
        pytest.importorskip("lifetimes")
        yield


@pytest.mark.slow
@pytest.mark.parametrize("kind", [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel])
def test_its_fitter_predicts_as_we_do(cdnow, kind):
    model = kind().fit(cdnow)
    fitter = model.to_lifetimes()
    x, t_x, T = cdnow["frequency"], cdnow["recency"], cdnow["T"]
    assert np.asarray(fitter.predict(39, x, t_x, T)) == pytest.approx(
        model.expected_purchases(cdnow, 39), rel=1e-8
    )
    assert np.asarray(fitter.conditional_probability_alive(x, t_x, T)) == pytest.approx(
        model.probability_alive(cdnow), rel=1e-8
    )
    assert list(fitter.summary["coef"]) == pytest.approx(list(model.params_.values()))
    back = kind.from_lifetimes(fitter)
    assert back.params_ == pytest.approx(model.params_, rel=1e-14)


def test_spend_models_agree(cdnow):
    model = GammaGammaModel().fit(cdnow)
    fitter = model.to_lifetimes()
    theirs = fitter.conditional_expected_average_profit(cdnow["frequency"], cdnow["monetary_value"])
    assert np.asarray(theirs) == pytest.approx(model.expected_spend(cdnow), rel=1e-10)
    assert GammaGammaModel.from_lifetimes(fitter).params_ == pytest.approx(model.params_)


def test_discrete_models_agree():
    values = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
    model = BetaGeoBetaBinomModel.from_params(values)
    X = model.simulate(50, 6, seed=1)
    fitter = model.to_lifetimes()
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(
        5, X["frequency"], X["recency"], X["n_periods"]
    )
    assert np.asarray(theirs) == pytest.approx(model.expected_purchases(X, 5), rel=1e-8)


def test_a_notebooks_fit_becomes_our_model(cdnow):
    import lifetimes

    fitter = lifetimes.BetaGeoFitter().fit(cdnow["frequency"], cdnow["recency"], cdnow["T"])
    theirs = BetaGeoModel.from_lifetimes(fitter)
    ours = BetaGeoModel().fit(cdnow)
    assert ours.log_likelihood_ >= theirs.customer_log_likelihood(cdnow).sum()
    assert theirs.params_ == pytest.approx(ours.params_, rel=1e-3)


def test_what_lifetimes_lacks_is_refused(cdnow):
    plain = {"r": 0.5, "alpha": 8.0, "a": 0.6, "b": 2.5}
    with pytest.raises(ValueError, match="no counterpart"):
        ModifiedBetaGeoErlangModel.from_params(plain, k=2).to_lifetimes()
    with pytest.raises(ValueError, match="no covariates"):
        BetaGeoModel.from_params(
            plain | {"purchase_z": 1.0}, purchase_covariates=["z"]
        ).to_lifetimes()
    with pytest.raises(ValueError, match="Expected a fitted ParetoNBDFitter; got BetaGeoFitter"):
        ParetoNBDModel.from_lifetimes(BetaGeoModel.from_params(plain).to_lifetimes())
