"""Fits: gradients, histograms, units, starts, recovery, priors, and refusals."""

import numpy as np
import pandas as pd
import pytest

from models.btyd import (
    BetaGeoBetaBinomModel,
    BetaGeoModel,
    FitError,
    FitWarning,
    GammaGammaModel,
    ModifiedBetaGeoErlangModel,
    ModifiedBetaGeoModel,
    NBDModel,
    ParetoNBDModel,
)

GEOMETRIC = {"r": 0.5, "alpha": 8.0, "a": 0.6, "b": 2.5}
TRUE = {
    "bg": (BetaGeoModel, GEOMETRIC, {}),
    "mbg": (ModifiedBetaGeoModel, GEOMETRIC, {}),
    "erlang": (ModifiedBetaGeoErlangModel, GEOMETRIC | {"alpha": 3.0}, {"k": 3}),
    "pareto": (ParetoNBDModel, {"r": 0.6, "alpha": 10.0, "s": 0.7, "beta": 12.0}, {}),
    "nbd": (NBDModel, {"r": 0.6, "alpha": 10.0}, {}),
    "bgbb": (
        BetaGeoBetaBinomModel,
        {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8},
        {},
    ),
    "gamma": (GammaGammaModel, {"p": 6.0, "q": 3.7, "v": 15.0}, {}),
}
NAMES = list(TRUE)


def known(name):
    kind, params, settings = TRUE[name]
    return kind.from_params(params, **settings)


def simulated(name, n=3000, seed=1):
    rng = np.random.default_rng(seed)
    if name == "gamma":
        return known(name).simulate(n, rng.poisson(2.0, n), rng)
    ages = rng.integers(3, 15, n) if name == "bgbb" else rng.uniform(10, 80, n).round(1)
    return known(name).simulate(n, ages.astype(float), rng)


def model_of(name):
    kind, _, settings = TRUE[name]
    return kind(**settings)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_agrees_with_finite_differences(name):
    model = model_of(name)
    if name == "erlang":
        model.k_ = 3
    data = model._read(simulated(name, 300)).counted()
    theta = known(name).theta_ + np.linspace(-0.3, 0.4, len(known(name).theta_))
    _, gradient = model._total_log_likelihood(theta, data)
    for k in range(len(theta)):
        shift = np.zeros_like(theta)
        shift[k] = 1e-5
        up, down = (model._total_log_likelihood(theta + d, data)[0] for d in (shift, -shift))
        assert gradient[k] == pytest.approx((up - down) / 2e-5, rel=2e-7, abs=1e-5)


@pytest.mark.parametrize("kind", [BetaGeoModel, ParetoNBDModel])
def test_gradient_in_the_covariates(kind):
    model = kind(purchase_covariates=["z", "w"], dropout_covariates=["z"])
    X = simulated("pareto", 200)
    rng = np.random.default_rng(2)
    X["z"], X["w"] = rng.integers(0, 2, len(X)), rng.normal(size=len(X)).round(1)
    data = model._read(X).counted()
    theta = np.concatenate([np.log([0.6, 9.0, 0.8, 2.0]), [0.3, -0.2, 0.4, 0.1]])
    theta = theta[: len(model._names())]
    _, gradient = model._total_log_likelihood(theta, data)
    for k in range(len(theta)):
        shift = np.zeros_like(theta)
        shift[k] = 1e-5
        up, down = (model._total_log_likelihood(theta + d, data)[0] for d in (shift, -shift))
        assert gradient[k] == pytest.approx((up - down) / 2e-5, rel=2e-7, abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_total_likelihood_is_the_sum_over_customers(name):
    X = simulated(name, 500)
    model = model_of(name).fit(X)
    assert model.customer_log_likelihood(X).sum() == pytest.approx(model.log_likelihood_, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_histogram_fit_equals_row_fit(name):
    X = simulated(name, 1500).drop(columns="alive", errors="ignore").round(0)
    X = X.drop(columns="log_intervals", errors="ignore")
    if name == "gamma":
        X["monetary_value"] = X["monetary_value"].clip(lower=1)
    counts = X.groupby(list(X.columns)).size().rename("customers").reset_index()
    assert len(counts) < len(X)
    by_row = model_of(name).fit(X)
    by_count = model_of(name).fit(counts, sample_weight=counts["customers"])
    assert by_count.log_likelihood_ == pytest.approx(by_row.log_likelihood_, rel=1e-12)
    assert by_count.params_ == pytest.approx(by_row.params_, rel=1e-6)
    assert by_count.n_customers_ == by_row.n_customers_


@pytest.mark.slow
def test_log_intervals_survive_the_histogram():
    X = simulated("erlang", 1500).round({"recency": 0, "T": 0})
    X["recency"] = X[["recency", "T"]].min(axis=1)
    groups = X.groupby(["frequency", "recency", "T"])["log_intervals"]
    counts = groups.agg(["mean", "size"]).reset_index().rename(columns={"mean": "log_intervals"})
    by_row = ModifiedBetaGeoErlangModel().fit(X)
    by_count = ModifiedBetaGeoErlangModel().fit(counts, sample_weight=counts["size"])
    assert by_row.k_ == by_count.k_ == 3
    assert by_count.log_likelihood_ == pytest.approx(by_row.log_likelihood_, rel=1e-11)


@pytest.mark.sampled
@pytest.mark.slow
@pytest.mark.parametrize("name", ["bg", "mbg", "pareto", "erlang"])
@pytest.mark.parametrize("unit", [1 / 365.25, 24.0, 86400.0])
def test_any_time_unit_gives_the_same_model(name, unit):
    X = simulated(name).drop(columns="log_intervals", errors="ignore")
    other = X.assign(recency=X["recency"] * unit, T=X["T"] * unit)
    one, two = model_of(name).fit(X), model_of(name).fit(other)
    assert two.params_["alpha"] == pytest.approx(one.params_["alpha"] * unit, rel=1e-4)
    # A density of x times carries 1 / unit to the power x.
    moved = two.log_likelihood_ + X["frequency"].sum() * np.log(unit)
    assert moved == pytest.approx(one.log_likelihood_, abs=1e-4)
    assert two.expected_purchases(other[:9], 20 * unit) == pytest.approx(
        one.expected_purchases(X[:9], 20), rel=1e-4
    )


def test_any_currency_gives_the_same_gamma_gamma():
    X = simulated("gamma")
    for unit in (1e-4, 1e5):
        other = X.assign(monetary_value=X["monetary_value"] * unit)
        for settings in ({}, {"prior_scale": 1.0}):
            one, two = GammaGammaModel(**settings).fit(X), GammaGammaModel(**settings).fit(other)
            assert two.params_["v"] == pytest.approx(one.params_["v"] * unit, rel=1e-4)
            assert two.params_["q"] == pytest.approx(one.params_["q"], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_recovered_from_simulation(name):
    """Four standard errors: one false alarm in 16,000 parameters."""
    truth = TRUE[name][1]
    model = model_of(name).fit(simulated(name, 20_000, seed=5))
    for parameter, value in truth.items():
        away = (model.params_[parameter] - value) / model.standard_errors_[parameter]
        assert abs(away) < 4, (parameter, away)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "base", "coefficients"),
    [
        (
            ParetoNBDModel,
            TRUE["pareto"][1],
            {"purchase_z": 0.5, "purchase_w": -0.3, "dropout_z": -0.6},
        ),
        (
            BetaGeoModel,
            GEOMETRIC,
            {"purchase_z": 0.5, "purchase_w": -0.3, "dropout_a_z": 0.4, "dropout_b_z": -0.4},
        ),
    ],
)
def test_covariates_are_recovered_from_simulation(kind, base, coefficients):
    settings = {"purchase_covariates": ("z", "w"), "dropout_covariates": ("z",)}
    rng = np.random.default_rng(8)
    n = 20_000
    z = pd.DataFrame({"z": rng.integers(0, 2, n), "w": rng.integers(-1, 2, n)}).astype(float)
    truth = kind.from_params(base | coefficients, **settings)
    ages = rng.integers(20, 80, n).astype(float)
    X = truth.simulate(n, ages, rng, covariates=z, horizon=40.0)
    model = kind(**settings).fit(X)
    plain = kind().fit(X)
    for name, value in (base | coefficients).items():
        away = (model.params_[name] - value) / model.standard_errors_[name]
        assert abs(away) < 4, (name, away)
    assert model.log_likelihood_ > plain.log_likelihood_ + 50
    # Who buys more is told by the covariates, and the level is right in each group.
    expected = model.expected_purchases(X, 40)
    for group in (X["z"] == 1, X["z"] == 0):
        error = X.loc[group, "purchases"].std() / np.sqrt(group.sum())
        assert expected[group].mean() == pytest.approx(
            X.loc[group, "purchases"].mean(), abs=5 * error
        )


def test_zero_covariates_change_nothing():
    X = simulated("pareto", 800).assign(z=0.0)
    params = TRUE["pareto"][1]
    plain = ParetoNBDModel.from_params(params)
    with_z = ParetoNBDModel.from_params(
        params | {"purchase_z": 3.0, "dropout_z": 1.0},
        purchase_covariates=["z"],
        dropout_covariates=["z"],
    )
    assert np.array_equal(with_z.expected_purchases(X, 30), plain.expected_purchases(X, 30))
    both = pd.concat([X, X.assign(z=1.0)])
    later = with_z.probability_no_purchase(both, 30)
    assert later[: len(X)] == pytest.approx(plain.probability_no_purchase(X, 30), rel=1e-12)
    assert (later[len(X) :] != later[: len(X)]).all()


@pytest.mark.slow
def test_regularity_is_found_from_recency_alone():
    X = simulated("erlang", 20_000).drop(columns="log_intervals")
    assert ModifiedBetaGeoErlangModel().fit(X).k_ == 3


def test_regularity_beats_pareto_nbd_on_groceries(grocery):
    """Holdout figures stand in docs/btyd.md beside those of the other models."""
    model = ModifiedBetaGeoErlangModel().fit(grocery)
    expected, seen = model.expected_purchases(grocery, 52), grocery["holdout"].to_numpy()
    assert model.k_ == 2
    assert model.log_likelihood_ > -15782.392 + 800
    assert np.abs(expected - seen).mean() < 1.5079
    assert np.corrcoef(expected, seen)[0, 1] > 0.8222
    bare = ModifiedBetaGeoErlangModel().fit(grocery.drop(columns="log_intervals"))
    assert bare.log_likelihood_ > -15782.392 + 10
    assert bare.params_ == pytest.approx(model.params_, rel=1e-4)


def test_donations(donations):
    """Fader, Hardie & Shang 2010, with the 22 cells as weights."""
    X = donations.rename(columns={"x": "frequency", "t_x": "recency", "n_cal": "n_periods"})
    model = BetaGeoBetaBinomModel().fit(X, sample_weight=X["customers"])
    published = {"alpha": 1.204, "beta": 0.750, "gamma": 0.657, "delta": 2.783}
    assert model.params_ == pytest.approx(published, abs=6e-4)
    assert model.log_likelihood_ == pytest.approx(-33225.58, abs=6e-3)
    assert model.n_customers_ == 11104
    assert X["x_star_total"].sum() == 13260
    total = (model.expected_purchases(X, 5) * X["customers"]).sum()
    assert total == pytest.approx(12884.2, abs=0.06)


# -- priors, warnings, refusals ----------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.slow
def test_a_weak_prior_pulls_little_and_tames_little_data():
    X = simulated("pareto", 5000)
    free, weak = ParetoNBDModel().fit(X), ParetoNBDModel(prior_scale=3.0).fit(X)
    assert weak.params_ == pytest.approx(free.params_, rel=0.05)
    assert weak.log_likelihood_ < free.log_likelihood_
    few = X[:60]
    tight = ParetoNBDModel(prior_scale=1.0).fit(few)
    assert tight.converged_
    assert all(np.isfinite(list(tight.standard_errors_.values())))


def test_a_base_without_dropout_warns_and_still_predicts():
    """Everyone alive, rates gamma distributed: dropout ends on its bound."""
    rng = np.random.default_rng(3)
    ages = rng.uniform(20, 60, 2000).round()
    x = rng.poisson(rng.gamma(2.0, 0.1, 2000) * ages)
    X = pd.DataFrame({"frequency": x, "recency": ages * (x > 0) * (x + 1) / (x + 2), "T": ages})
    with pytest.warns(FitWarning, match="do not determine"):
        model = BetaGeoModel().fit(X)
    assert not model.converged_
    assert np.isfinite(model.expected_purchases(X, 30)).all()
    assert np.isnan(list(model.standard_errors_.values())).any()
    tamed = BetaGeoModel(prior_scale=1.0).fit(X)
    assert tamed.converged_


@pytest.mark.thorough
def test_a_ridge_of_millions_of_customers_is_flat_whatever_their_sum_rounds_to():
    """All leave at one rate: the search failed, for its rounding was taken for a curvature."""
    T = np.random.default_rng(4).integers(1, 560, 4000)
    shop = ParetoNBDModel.from_params({"r": 0.6, "alpha": 70.0, "s": 10.0, "beta": 4300.0})
    X = shop.simulate(4000, T=T, seed=4)
    fits = []
    for each in (1.0, 3000.0):
        with pytest.warns(FitWarning, match="do not determine"):
            fits.append(ParetoNBDModel().fit(X, sample_weight=np.full(4000, each)))
    few, many = (model.expected_purchases(X, 90) for model in fits)
    np.testing.assert_allclose(few, many, rtol=1e-4)


IN_TIME = [name for name in NAMES if name not in {"bgbb", "gamma"}]
FRAME = {"frequency": [2.0, 0.0, 1.0], "recency": [5.0, 0.0, 3.0], "T": [9.0, 9.0, 4.0]}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"recency": [5.0, 0.0, 4.5]}, "1 of 3 rows break 'recency <= T' \\(first: row 2\\)"),
        ({"frequency": [-1.0, 0.0, -3.0]}, "2 of 3 rows break 'frequency is not negative'"),
        ({"frequency": [2.5, 0.0, 1.0]}, "1 of 3 rows break 'frequency is a whole number'"),
        ({"T": [np.nan, 9.0, 4.0]}, "1 of 3 rows break 'T is a finite number'"),
        ({"recency": [5.0, np.nan, 3.0]}, "1 of 3 rows break 'recency is a finite number'"),
        ({"frequency": [np.nan] * 3}, "3 of 3 rows break 'frequency is a finite number'"),
        ({"T": [np.inf, 9.0, 4.0]}, "T is a finite number"),
        ({"recency": [5.0, 2.0, 3.0]}, "1 of 3 rows break 'recency is 0 where frequency is 0'"),
        ({"recency": [-5.0, 0.0, 3.0]}, "recency is not negative"),
        ({"frequency": ["two", "none", "one"]}, "Column frequency: expected numbers, got str"),
    ],
)
@pytest.mark.parametrize("name", IN_TIME)
def test_bad_rows_are_counted_and_the_rule_named(name, changes, says):
    X = pd.DataFrame(FRAME | changes)
    with pytest.raises(ValueError, match=says):
        model_of(name).fit(X)
    with pytest.raises(ValueError, match=says):
        known(name).expected_purchases(X, 10)


@pytest.mark.parametrize("name", IN_TIME)
@pytest.mark.parametrize(
    ("X", "says"),
    [
        (pd.DataFrame(FRAME).iloc[:0], "no rows"),
        (pd.DataFrame(FRAME).drop(columns="T"), "no column T"),
        (
            pd.DataFrame({"frequency": 0, "recency": 0, "T": np.arange(1, 40)}),
            "All 39 customers bought once",
        ),
        (pd.DataFrame({"frequency": [0] * 9, "recency": 0, "T": 0}), "T is 0 for every customer"),
        (pd.DataFrame({"frequency": [3], "recency": [2], "T": [9]}), "distinct customer histories"),
        ([[1, 2, 3]], "Expected a frame"),
    ],
    ids=["empty", "no_T", "one_time_buyers", "no_time", "one_customer", "no_frame"],
)
def test_data_without_an_answer_are_refused(name, X, says):
    with pytest.raises(ValueError, match=says):
        model_of(name).fit(X)


ROUNDS = {"frequency": [2, 0, 1], "recency": [5, 0, 3], "n_periods": [9, 9, 4]}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"recency": [10, 0, 3]}, "1 of 3 rows break 'frequency <= recency <= n_periods'"),
        ({"frequency": [6, 0, 4]}, "2 of 3 rows break 'frequency <= recency <= n_periods'"),
        ({"frequency": [-1, 0, 1]}, "1 of 3 rows break 'frequency is a whole number from 0"),
        ({"n_periods": [9.5, np.nan, 4]}, "2 of 3 rows break 'n_periods is a whole number"),
        ({"frequency": [0, 0, 1]}, "1 of 3 rows break 'recency is 0 where frequency is 0'"),
        ({name: [] for name in ROUNDS}, "no rows"),
        ({"frequency": [0] * 3, "recency": [0] * 3}, "None of 3 customers purchased"),
        (dict.fromkeys(ROUNDS, [0] * 3), "n_periods is 0 for every customer"),
    ],
)
def test_bad_rounds_are_counted_and_the_rule_named(changes, says):
    with pytest.raises(ValueError, match=says):
        BetaGeoBetaBinomModel().fit(pd.DataFrame(ROUNDS | changes))


def test_weights_are_checked():
    X = pd.DataFrame(FRAME)
    for weight, says in (
        ([1, 2], "shape"),
        ([1, -1, 1], "1 of 3 rows break 'sample_weight"),
        ([0, 0, 0], "zero everywhere"),
    ):
        with pytest.raises(ValueError, match=says):
            BetaGeoModel().fit(X, sample_weight=weight)


@pytest.mark.slow
def test_ages_of_zero_may_stand_among_others():
    X = simulated("pareto", 2000)
    newest = pd.DataFrame({"frequency": [0.0], "recency": [0.0], "T": [0.0]})
    model = ParetoNBDModel().fit(pd.concat([X, newest]))
    assert model.probability_alive(newest) == pytest.approx(1.0)
    assert model.expected_purchases(newest, 30) == pytest.approx(
        model.expected_purchases_new_customer([30.0])
    )


def test_spend_is_checked():
    X = pd.DataFrame({"frequency": [2, 1, 0, 3], "monetary_value": [5.0, -1.0, 0.0, 0.0]})
    with pytest.raises(ValueError, match="2 of 4 rows break 'monetary_value"):
        GammaGammaModel().fit(X)
    with pytest.raises(ValueError, match="All customers bought once"):
        GammaGammaModel().fit(pd.DataFrame({"frequency": [0, 0], "monetary_value": [0, 0]}))


def test_an_error_of_the_fit_is_a_value_error():
    assert issubclass(FitError, ValueError)


def test_arrow_is_welcome():
    pa = pytest.importorskip("pyarrow")
    X = simulated("bg", 400)
    table, params = pa.Table.from_pandas(X), BetaGeoModel().fit(X).params_
    backed = X.convert_dtypes(dtype_backend="pyarrow")
    for arrow in (table, table.to_batches()[0], table.to_reader(), backed):
        model = BetaGeoModel().fit(arrow)
        assert model.params_ == params
    # A reader can be read but once: also where customers and their spend are both read.
    spend = known("gamma")
    money = pa.Table.from_pandas(X.assign(monetary_value=20.0))
    assert len(model.clv(money.to_reader(), spend)) == len(X)
    assert len(model.clv_intervals(money.to_reader(), spend, 1, n_draws=32)) == len(X)


def long_tailed(tail, n=800):
    """Repeat buyers whose mean spend has a Pareto tail: below 1 the mean does not exist."""
    rng = np.random.default_rng(1)
    x = rng.integers(1, 9, n)
    mean = 100 * (rng.pareto(tail, n) + 0.2)
    return pd.DataFrame({"frequency": x, "monetary_value": rng.gamma(4 * x, mean / (4 * x))})


def test_where_q_falls_to_its_bound_one_time_buyers_have_no_expected_spend():
    X = long_tailed(0.8)
    with pytest.warns(FitWarning) as told:
        model = GammaGammaModel().fit(X)
    assert any("customers without a repeat purchase is NaN" in str(w.message) for w in told)
    assert not model.base_has_mean
    seen = X["monetary_value"].mean()
    asked = pd.DataFrame({"frequency": [0, 1, 8], "monetary_value": [0.0, seen, seen]})
    spend = model.expected_spend(asked)
    assert np.isnan(spend).tolist() == [True, False, False]
    assert spend[2] == pytest.approx(seen, rel=0.05)
    again = GammaGammaModel.from_dict(model.to_dict())
    assert np.isnan(again.expected_spend(asked)).tolist() == [True, False, False]


def test_where_the_base_has_a_mean_one_time_buyers_get_it():
    X = long_tailed(3)
    model = GammaGammaModel().fit(X)
    spend = model.expected_spend(pd.DataFrame({"frequency": [0], "monetary_value": [0.0]}))
    assert model.base_has_mean
    assert spend[0] == pytest.approx(X["monetary_value"].mean(), rel=0.1)


@pytest.mark.parametrize("tail", [0.5, 0.8, 1.0])
def test_a_steadied_fit_gives_one_time_buyers_the_mean_that_was_seen(tail):
    from models.contenders.btyd import SpendPerPurchase

    population = long_tailed(tail).assign(n_customers=1)
    value = SpendPerPurchase.fit(population)
    once = value.predict(pd.DataFrame({"frequency": [0], "monetary_value": [0.0]}))
    weight = population["frequency"]
    assert once[0] == pytest.approx((population["monetary_value"] * weight).sum() / weight.sum())
