"""A classifier of one's own enters the board by import path, and only from an installed package."""

import pytest

from features.errors import UserError
from pipeline.own_estimators import contender


def test_a_classifier_of_an_installed_package_is_a_contender():
    assert contender("sklearn.naive_bayes.GaussianNB").name == "sklearn.naive_bayes.GaussianNB"


def test_a_file_beside_the_log_is_not_run(tmp_path, monkeypatch):
    (tmp_path / "beside.py").write_text("raise SystemExit('ran')\nclass Model: pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UserError, match="installed packages"):
        contender("beside.Model")


@pytest.mark.parametrize(
    "name",
    ["magic", "os.system", "sklearn.nothing.Here", "sklearn.svm.Nothing", "..x", "sklearn."],
)
def test_what_is_no_classifier_is_refused(name):
    with pytest.raises(UserError, match="contenders: "):
        contender(name)


def test_a_regressor_gives_no_probabilities():
    with pytest.raises(UserError, match="predict_proba"):
        contender("sklearn.linear_model.LinearRegression")


@pytest.mark.parametrize(
    ("board", "config"),
    [
        ("own pace so far", "status_quo_rate"),
        ("Pareto/NBD", "pareto_nbd"),
        ("blend with logistic regression", "blend_with_logistic"),
    ],
)
def test_a_name_of_the_board_is_answered_with_that_of_the_config(board, config):
    with pytest.raises(UserError, match=f"is what the board calls {config}. Write {config}."):
        contender(board)


def test_an_unknown_contender_is_answered_with_both_names_of_each():
    with pytest.raises(UserError, match=r"status_quo_rate \(own pace so far\)"):
        contender("magic")
