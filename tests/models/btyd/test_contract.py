"""One walker runs every estimator through the shared contract and scikit-learn's own checks."""

import copy
import inspect
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import models.btyd as btyd
from models.btyd.base import MaximumLikelihoodModel

PUBLIC = [getattr(btyd, name) for name in sorted(btyd.__all__)]
KINDS = [
    kind for kind in PUBLIC if inspect.isclass(kind) and issubclass(kind, MaximumLikelihoodModel)
]
#: Names of the shared vocabulary that every model of purchases has.
ANSWERS = [
    "probability_no_purchase",
    "probability_alive",
    "expected_purchases",
    "expected_purchases_new_customer",
    "purchase_count_pmf",
    "clv",
    "next_purchase_quantiles",
    "alive_path",
    "simulate",
]


def sample(kind, n=300):
    rng = np.random.default_rng(4)
    if kind is btyd.GammaGammaModel:
        known = kind.from_params({"p": 6.0, "q": 3.7, "v": 15.0})
        return known.simulate(n, rng.poisson(2.0, n), rng)
    if kind is btyd.BetaGeoBetaBinomModel:
        values = {"alpha": 1.2, "beta": 0.75, "gamma": 0.66, "delta": 2.8}
        drawn = kind.from_params(values).simulate(n, rng.integers(3, 15, n), rng)
    else:
        geometric = {"r": 0.5, "alpha": 8.0, "a": 0.6, "b": 2.5}
        drawn = btyd.ModifiedBetaGeoModel.from_params(geometric).simulate(
            n, rng.integers(10, 80, n), rng
        )
    return drawn.drop(columns="alive").assign(monetary_value=20.0)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.__name__)
def case(request):
    X = sample(request.param)
    return request.param, X, request.param().fit(X)


def answers(model, X):
    """Every answer of the model as name -> array."""
    if isinstance(model, btyd.GammaGammaModel):
        return {"expected_spend": model.expected_spend(X)}
    spend = btyd.GammaGammaModel.from_params({"p": 6.0, "q": 3.7, "v": 15.0})
    found = {
        "no_purchase": model.probability_no_purchase(X, 12),
        "alive": model.probability_alive(X),
        "expected": model.expected_purchases(X, 12),
        "pmf": model.purchase_count_pmf(X, 12, 5),
        "clv": model.clv(X, spend, 12, 0.01),
        "quantiles": model.next_purchase_quantiles(X, [0.2, 0.6]),
        "interval": model.purchase_intervals(X, 12, n_draws=32).to_numpy(),
        "spend_interval": model.spend_intervals(X, spend, 12, n_draws=32).to_numpy(),
        "clv_interval": model.clv_intervals(X, spend, 12, 0.01, n_draws=32).to_numpy(),
    }
    if isinstance(model, btyd.ParetoNBDModel):
        found["dert"] = model.discounted_expected_residual_transactions(X, 0.01)
    return found


def test_every_model_speaks_the_vocabulary(case):
    kind, _, model = case
    wanted = ["expected_spend", "simulate"] if kind is btyd.GammaGammaModel else ANSWERS
    assert [name for name in wanted if not callable(getattr(model, name, None))] == []
    for name in ("params_", "standard_errors_", "covariance_", "log_likelihood_", "aic_", "bic_"):
        assert hasattr(model, name)
    assert model.converged_ is True
    assert list(model.params_)[: len(kind.parameter_names)] == list(kind.parameter_names)
    assert all(value > 0 for value in model.params_.values())
    assert all(error > 0 for error in model.standard_errors_.values())
    assert model.covariance_.to_numpy() == pytest.approx(model.covariance_.to_numpy().T)
    assert np.linalg.eigvalsh(model.covariance_.to_numpy())[0] > 0


def test_every_public_method_says_what_it_does(case):
    kind = case[0]
    public = [name for name in dir(kind) if not name.startswith("_")]
    silent = [n for n in public if callable(getattr(kind, n)) and not getattr(kind, n).__doc__]
    assert silent == []


def test_answers_have_one_entry_per_row_and_keep_to_their_range(case):
    _, X, model = case
    for name, values in answers(model, X).items():
        assert len(values) == len(X), name
        assert not np.isnan(values).any(), name
        assert (values >= 0).all(), name
        if name in {"no_purchase", "alive", "pmf"}:
            assert (values <= 1).all(), name
        if name.endswith("interval"):
            assert (values[:, 0] <= values[:, 1]).all(), name


@pytest.mark.slow
def test_46_order_columns_and_index_do_not_matter(case):
    _, X, model = case
    shuffled = X.sample(frac=1, random_state=1)
    turned = shuffled[shuffled.columns[::-1]].assign(extra="text")
    order = X.index.get_indexer(shuffled.index)
    plain, other = answers(model, X), answers(model, turned)
    for name in plain:
        if name.endswith("interval"):
            continue  # drawn: row order changes the draws
        assert other[name] == pytest.approx(plain[name][order], rel=1e-12), name
    refit = type(model)(**model.get_params()).fit(turned)
    assert refit.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)


@pytest.mark.slow
def test_the_frame_is_left_alone_and_fits_repeat(case):
    kind, X, model = case
    before = X.copy(deep=True)
    again = kind().fit(X)
    answers(again, X)
    pd.testing.assert_frame_equal(X, before)
    assert again.params_ == model.params_


def test_same_seed_same_intervals(case):
    kind, X, model = case
    if kind is btyd.GammaGammaModel:
        pytest.skip("the spend model has no intervals of its own")
    one, two = (model.purchase_intervals(X, 12, seed=7, n_draws=32) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert one.index.equals(X.index)


@pytest.mark.slow
def test_saved_and_read_back_as_json_the_model_answers_the_same(case):
    kind, X, model = case
    text = json.dumps(model.to_dict(), allow_nan=False)
    back = kind.from_dict(json.loads(text))
    assert back.params_ == model.params_
    assert back.standard_errors_ == model.standard_errors_
    told = answers(back, X)
    for name, values in answers(model, X).items():
        assert np.array_equal(told[name], values), name
    other = next(k for k in KINDS if k is not kind)
    with pytest.raises(ValueError, match="expected"):
        other.from_dict(json.loads(text))


def test_known_parameters_need_no_fit(case):
    kind, X, model = case
    settings = {"k": model.k_} if kind is btyd.ModifiedBetaGeoErlangModel else {}
    known = kind.from_params(model.params_, **settings)
    name = "expected_spend" if kind is btyd.GammaGammaModel else "probability_alive"
    assert getattr(known, name)(X) == pytest.approx(getattr(model, name)(X), rel=1e-12)
    with pytest.raises(ValueError, match="Expected the parameters"):
        kind.from_params({"nonsense": 1.0})
    with pytest.raises(ValueError, match="too small"):
        kind.from_params(dict.fromkeys(model.params_, 0.0), **settings)


def test_unfitted_models_say_so(case):
    kind, X, _ = case
    blank = kind(k=2) if kind is btyd.ModifiedBetaGeoErlangModel else kind()
    question = "expected_spend" if kind is btyd.GammaGammaModel else "probability_alive"
    with pytest.raises(NotFittedError):
        getattr(blank, question)(X)
    with pytest.raises(NotFittedError):
        blank.to_dict()


def test_clone_and_pipeline(case):
    kind, X, model = case
    copied = clone(kind(prior_scale=2.0))
    assert copied.prior_scale == 2.0
    assert not hasattr(copied, "params_")
    assert make_pipeline(kind()).fit(X)[-1].params_ == model.params_
    assert copy.deepcopy(model).params_ == model.params_


def test_monotone_in_the_horizon(case):
    kind, X, model = case
    if kind is btyd.GammaGammaModel:
        pytest.skip("the spend model has no horizon")
    horizons = [0, 1, 5, 40, 400]
    silent = np.array([model.probability_no_purchase(X, h) for h in horizons])
    expected = np.array([model.expected_purchases(X, h) for h in horizons])
    assert silent[0] == pytest.approx(1.0)
    assert expected[0] == pytest.approx(0.0)
    assert (np.diff(silent, axis=0) <= 1e-12).all()
    assert (np.diff(expected, axis=0) >= 0).all()


def test_counts_add_up(case):
    """The count's law sums to one, its mean is the expectation, its zero the silence."""
    kind, X, model = case
    if kind is btyd.GammaGammaModel:
        pytest.skip("the spend model counts nothing")
    pmf = model.purchase_count_pmf(X, 12, 150)
    assert pmf.sum(axis=1) == pytest.approx(1.0, abs=1e-9)
    assert pmf[:, 0] == pytest.approx(model.probability_no_purchase(X, 12), rel=1e-12)
    assert pmf @ np.arange(151) == pytest.approx(model.expected_purchases(X, 12), rel=1e-8)


def test_next_purchase_quantiles_invert_the_silence(case):
    kind, X, model = case
    if kind in (btyd.GammaGammaModel, btyd.BetaGeoBetaBinomModel):
        pytest.skip("no continuous time")
    for q in (0.05, 0.5, 0.95):
        wait = model.next_purchase_quantiles(X, q)
        comes = np.isfinite(wait)
        silent = model.probability_no_purchase(X[comes], wait[comes])
        assert silent == pytest.approx(1 - q, rel=1e-9)
        # Where the next purchase may never come: even an eternity of silence is likelier.
        if not comes.all():
            assert (model.probability_no_purchase(X[~comes], 1e12) >= 1 - q - 1e-3).all()


def test_discrete_waits_are_the_first_to_reach_their_level():
    kind = btyd.BetaGeoBetaBinomModel
    X = sample(kind, 300)
    model = kind().fit(X)
    for q in (0.2, 0.6):
        wait = model.next_purchase_quantiles(X, q)
        for k in (1, 2, 5):
            reached = 1 - model.probability_no_purchase(X, k) >= q
            assert np.array_equal(reached, wait <= k)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.2, np.nan])
def test_quantile_levels_lie_between_zero_and_one(level):
    X = sample(btyd.BetaGeoModel, 200)
    with pytest.raises(ValueError, match="between 0 and 1"):
        btyd.BetaGeoModel().fit(X).next_purchase_quantiles(X, level)


@pytest.mark.parametrize("horizon", [-1.0, np.nan, np.inf])
def test_horizons_are_checked(horizon):
    X = sample(btyd.BetaGeoModel, 200)
    model = btyd.BetaGeoModel().fit(X)
    with pytest.raises(ValueError, match="horizon: 1 of 1 are negative or not finite"):
        model.expected_purchases(X, horizon)
    with pytest.raises(ValueError, match="expected one per row"):
        model.expected_purchases(X, np.ones(3))


@pytest.mark.parametrize("kind", [btyd.BetaGeoModel, btyd.ParetoNBDModel])
def test_each_row_may_have_its_own_horizon(kind):
    X = sample(kind, 300)
    model, horizon = kind().fit(X), np.linspace(0, 90, 300)
    for answer in (model.expected_purchases, model.probability_no_purchase):
        each = [answer(X[k : k + 1], horizon[k])[0] for k in range(0, 300, 23)]
        assert answer(X, horizon)[::23] == pytest.approx(each, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [btyd.BetaGeoModel, btyd.ParetoNBDModel])
def test_batches_join_without_a_seam(kind, monkeypatch):
    X = sample(kind, 500)
    model = kind().fit(X)
    whole = answers(model, X)
    monkeypatch.setattr("models.btyd.answers.BATCH_ROWS", 64)
    monkeypatch.setattr(kind, "_alive_rows", 64)
    signature = inspect.signature(model._in_batches)
    assert signature.parameters["rows"].default is None
    for name, values in answers(model, X).items():
        if not name.endswith("interval"):
            assert values == pytest.approx(whole[name], rel=1e-12), name


def test_alive_path_falls_in_silence_and_rises_with_a_purchase(case):
    kind, _, model = case
    if kind is btyd.GammaGammaModel:
        pytest.skip("the spend model knows no dropout")
    path = model.alive_path(["2020-01-01", "2022-03-01", "2022-03-01", "2023-05-20"], "2025-12-31")
    assert path.between(0, 1).all()
    if kind is btyd.NBDModel:
        assert (path == 1).all()
        return
    # By opportunities, a purchase counts at the end of its year.
    discrete = kind is btyd.BetaGeoBetaBinomModel
    first, second = ["2023-01-01", "2024-01-01"] if discrete else ["2022-03-01", "2023-05-20"]
    steps = path[first:].diff().dropna()
    assert list(steps.index[steps > 0]) == [pd.Timestamp(second)]
    assert (steps.drop(pd.Timestamp(second)) < 0).all()
    if kind is btyd.BetaGeoModel:
        assert (path[:first][:-1] == 1).all()  # no repeat purchase, no chance to leave


@pytest.mark.parametrize(
    ("dates", "until", "says"),
    [
        (["2024-01-01", "2024-03-01"], "2024-02-01", "until lies before the last purchase"),
        ([], "2024-02-01", "dates holds no purchase"),
        ("2024-01-01", "2024-02-01", "dates must be a list of dates"),
        (
            ["2024-01-01", None],
            "2024-02-01",
            "each of dates must be a date, such as 2026-01-31; got None",
        ),
        (
            [20240101],
            "2024-02-01",
            "each of dates must be a date, such as 2026-01-31; got 20240101",
        ),
        (["2024-01-01"], "soon", "until must be a date, such as 2026-01-31; got 'soon'"),
        (["2024-01-01"], pd.NaT, "until must be a date"),
    ],
)
def test_paths_of_no_dates_are_refused(case, dates, until, says):
    kind, _, model = case
    if kind is btyd.GammaGammaModel:
        pytest.skip("the spend model knows no dropout")
    with pytest.raises(ValueError, match=says):
        model.alive_path(dates, until)


def test_months_follow_the_calendar():
    from models.btyd.lifetime_value import month_ends

    assert month_ends(12, start="2023-03-01")[-1] == 366  # 29 February 2024 lies within
    assert month_ends(12)[-1] == pytest.approx(365.2425)
    assert month_ends(12, days_per_unit=7)[-1] == pytest.approx(365.2425 / 7)
    for wrong in (0, 1.5, True):
        with pytest.raises(ValueError, match="months"):
            month_ends(wrong)


# -- scikit-learn -----------------------------------------------------------------------------

NO_Y = "fit takes a frame and weights, no target"
FRAMES = "reads named columns of a checked meaning; an array of random numbers is refused"
#: Checks that cannot apply, with the reason.
NOT_APPLICABLE = {
    "check_all_zero_sample_weights_error": NO_Y,
    "check_dict_unchanged": FRAMES,
    "check_dont_overwrite_parameters": FRAMES,
    "check_estimator_sparse_tag": FRAMES,
    "check_estimators_fit_returns_self": FRAMES,
    "check_estimators_overwrite_params": FRAMES,
    "check_estimators_pickle": FRAMES,
    "check_f_contiguous_array_estimator": FRAMES,
    "check_fit2d_1feature": FRAMES,
    "check_fit2d_1sample": FRAMES,
    "check_fit2d_predict1d": FRAMES,
    "check_fit_check_is_fitted": FRAMES,
    "check_fit_score_takes_y": FRAMES,
    "check_fit_idempotent": FRAMES,
    "check_methods_sample_order_invariance": FRAMES,
    "check_methods_subset_invariance": FRAMES,
    "check_n_features_in": FRAMES,
    "check_n_features_in_after_fitting": FRAMES,
    "check_pipeline_consistency": FRAMES,
    "check_positive_only_tag_during_fit": FRAMES,
    "check_readonly_memmap_input": FRAMES,
    "check_sample_weight_equivalence_on_dense_data": FRAMES,
    "check_sample_weights_list": FRAMES,
    "check_sample_weights_not_an_array": FRAMES,
    "check_sample_weights_not_overwritten": FRAMES,
    "check_sample_weights_pandas_series": FRAMES,
    "check_sample_weights_shape": FRAMES,
    "check_estimators_dtypes": FRAMES,
    "check_complex_data": "complex numbers are refused for having no named columns",
    "check_dtype_object": FRAMES,
    "check_estimators_empty_data_messages": FRAMES,
    "check_estimators_nan_inf": FRAMES,
    "check_estimator_sparse_array": FRAMES,
    "check_estimator_sparse_matrix": FRAMES,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_scikit_learn_checks(kind):
    results = check_estimator(
        kind(), expected_failed_checks=NOT_APPLICABLE, on_skip=None, on_fail=None
    )
    failed = {
        r["check_name"]: repr(r["exception"])[:200] for r in results if r["status"] == "failed"
    }
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) >= 10


def test_a_state_that_is_not_whole_is_refused_by_what_it_lacks(case):
    kind, _, model = case
    state = model.to_dict()
    for key in state:
        with pytest.raises(ValueError, match=key if key != "model" else "without a name"):
            kind.from_dict({name: value for name, value in state.items() if name != key})
    with pytest.raises(ValueError, match="without a name"):
        kind.from_dict({})
