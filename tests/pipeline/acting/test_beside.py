"""Two campaigns at once: nobody takes part in both, and who forgets to ask for that is told."""

from datetime import timedelta

import pandas as pd
import pytest
from pyarrow import parquet

from features.errors import UserError
from pipeline.acting.plan_file import write_plan
from pipeline.command_line import main as cli
from tests.pipeline.acting import world


@pytest.fixture
def spring(planned, tmp_path):
    """A plan that contacts some of the customers, and its file."""
    made = planned("spring", max_contacts=300)
    write_plan(made.file, tmp_path / "spring.parquet")
    return made, tmp_path / "spring.parquet"


def test_nobody_takes_part_in_two_campaigns_that_run_at_once(planned, spring):
    made, file = spring
    alone = planned("mail", max_contacts=400)
    apart = planned("mail", max_contacts=400, others=[file])
    theirs, ours = made.file.members["customer_id"], apart.file.members["customer_id"]
    assert alone.file.members["customer_id"].isin(theirs).any()
    assert not ours.isin(theirs).any()
    # Those who were chosen in their place.
    assert len(apart.contacted) == len(alone.contacted) == 400
    said = apart.file.customers.set_index("customer_id")["reason"].loc[theirs].unique()
    assert said.tolist() == ["in campaign spring until 2024-04-29"]
    assert apart.left_out["in campaign spring until 2024-04-29"] == len(theirs)
    assert len(ours) + sum(apart.left_out.values()) == len(apart.file.customers)
    assert apart.beside == ("spring",)


def test_a_campaign_that_is_over_or_the_same_keeps_nobody(planned, spring):
    made, file = spring
    after = made.file.terms.end
    for name, start in (("mail", after), ("spring", None)):
        again = planned(name, max_contacts=300, start=start, others=[file], max_age_days=99)
        assert again.beside == ()
        assert not any("in campaign" in why for why in again.left_out)
    last = planned(
        "mail", max_contacts=300, start=after - timedelta(days=1), others=[file], max_age_days=99
    )
    assert last.beside == ("spring",)


def test_an_edited_plan_keeps_nobody_apart_but_is_refused(planned, spring):
    _, file = spring
    table = parquet.read_table(file)
    rows = pd.DataFrame(table.to_pandas()).assign(arm="control")
    parquet.write_table(table.from_pandas(rows, schema=table.schema), file)
    with pytest.raises(UserError, match="was edited"):
        planned("mail", others=[file])


@pytest.mark.slow
def test_command_names_campaigns_that_run_and_were_not_kept_apart(tracking_uri, frame, capsys):
    world.write_scores("scores.parquet", frame)

    def plan(name, *more):
        asked = ["plan", "scores.parquet", "--campaign", name, "--out", f"{name}.parquet", *more]
        asked += ["--set", f"tracking.uri={tracking_uri}"]
        asked += ["--set", f"campaigns.{name}.contact_cost=0.1"]
        asked += ["--set", f"campaigns.{name}.effect=0.2", "--max-contacts", "200"]
        assert cli.run(asked) == 0
        return capsys.readouterr()

    plan("spring")
    told = plan("mail").err
    assert "Campaign spring runs too (2024-03-01 to 2024-04-29)" in told
    told = plan("call", "--beside", "spring.parquet")
    assert "Campaign mail runs too" in told.err
    assert "Campaign spring" not in told.err
    assert "in campaign spring until 2024-04-29" in told.out
    all_three = [f"--beside={name}.parquet" for name in ("spring", "mail", "call")]
    assert "runs too" not in plan("last", *all_three).err
    late = plan("late", "--start", "2024-04-30", "--set", "campaigns.late.max_age_days=99").err
    assert "runs too" not in late
