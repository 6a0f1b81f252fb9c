"""`churn score --earlier`: each customer's segment in an earlier scoring, beside that of today."""

import json

import pandas as pd
import pytest
from pyarrow import parquet

from pipeline.command_line import main as cli
from pipeline.scoring.batch import ABOUT

pytestmark = pytest.mark.slow

DAY = "2023-03-01"


def score(out, *more):
    return cli.run(["score", "orders.csv", "--out", str(out), "--quiet", *more])


@pytest.mark.sampled
@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_segment_before_is_what_the_earlier_file_says_and_empty_of_whom_it_has_not(
    here, tmp_path, capsys, ending
):
    then, now = tmp_path / f"then.{ending}", tmp_path / "now.parquet"
    assert score(then, "--as-of", DAY) == 0
    read = pd.read_csv if ending == "csv" else pd.read_parquet
    known = read(then).astype({"customer_id": str}).set_index("customer_id")["segment"]
    capsys.readouterr()
    assert score(now, "--earlier", str(then)) == 0
    found = pd.read_parquet(now).set_index("customer_id")
    assert found.index.is_unique
    expected = known.reindex(found.index)
    assert expected.isna().any(), "a customer came after that day"
    pd.testing.assert_series_equal(
        found["segment_before"], expected, check_names=False, check_dtype=False
    )
    changed = (known != found["segment"].reindex(known.index)).sum()
    assert f"Since {DAY}, {changed:,} of {len(known):,} customers" in " ".join(
        capsys.readouterr().out.split()
    )
    assert json.loads(parquet.read_schema(now).metadata[ABOUT])["earlier"] == DAY


def test_scores_of_the_same_day_are_refused_as_earlier_ones(here, tmp_path, capsys):
    then, now = tmp_path / "then.parquet", tmp_path / "now.parquet"
    assert score(then, "--as-of", DAY) == 0
    assert score(now, "--as-of", DAY, "--earlier", str(then)) == 2
    assert f"scores of {DAY}, not of a day before {DAY}" in capsys.readouterr().err
    assert not now.exists()
