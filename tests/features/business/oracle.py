"""The definitions of features.business in plain pandas, customer by customer and day by day.

Money is counted in whole ten-thousandths, so that no sum depends on the order of its terms.
"""

from bisect import bisect_left

import pandas as pd

FREQUENCY = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q"}


def purchase_days(transactions: pd.DataFrame) -> pd.DataFrame:
    """``customer``, ``day``, net ``amount`` and ``orders``, from the rows of a log."""
    rows = transactions.assign(
        day=transactions["transacted_at"].dt.normalize(), bought=transactions["amount"] > 0
    )
    keys = ["customer_id", "day"]
    days = rows.groupby(keys)["amount"].sum().rename("amount").to_frame()
    bought = rows[rows["bought"]]
    numbered = bought.groupby(keys)["order_id"].nunique()
    nameless = bought["order_id"].isna().groupby([bought["customer_id"], bought["day"]]).sum()
    days["orders"] = numbered.add(nameless, fill_value=0).reindex(days.index, fill_value=0)
    return days.reset_index()


def histories(days: pd.DataFrame) -> dict[str, list[pd.Timestamp]]:
    """The purchase days of each customer, in order."""
    bought = days[days["amount"] > 0].sort_values("day")
    return {name: list(found) for name, found in bought.groupby("customer_id")["day"]}


def active(history: list[pd.Timestamp], day: pd.Timestamp, window: int) -> bool:
    """Whether a customer bought within the window before a day."""
    first = bisect_left(history, day - pd.Timedelta(days=window))
    return first < len(history) and history[first] < day


def bought_in(history: list[pd.Timestamp], start: pd.Timestamp, end: pd.Timestamp) -> bool:
    first = bisect_left(history, start)
    return first < len(history) and history[first] < end


def flow(days: pd.DataFrame, as_of: pd.Timestamp, period: str, window: int) -> pd.DataFrame:
    """One row per period with everything counted by looking at each customer."""
    days = days[days["day"] < as_of]
    people = histories(days)
    found = []
    for span in pd.period_range(days["day"].min(), days["day"].max(), freq=FREQUENCY[period]):
        start, end = span.start_time, min((span + 1).start_time, as_of)
        inside = days[(days["day"] >= start) & (days["day"] < end)]
        row = dict.fromkeys(("start", "new", "came_back", "fell_silent", "end"), 0)
        row |= {"period": start, "joined": 0, "buyers": 0, "one_time": 0}
        for history in people.values():
            before, after = active(history, start, window), active(history, end, window)
            came = bought_in(history, start, end)
            row["start"] += before
            row["end"] += after
            row["new"] += start <= history[0] < end
            row["came_back"] += came and not before and history[0] < start
            row["fell_silent"] += (before or came) and not after
            row["joined"] += after and not before
            row["buyers"] += came
            row["one_time"] += came and bisect_left(history, end) == 1
        row["purchases"] = int((inside["amount"] > 0).sum())
        row["orders"], row["revenue"] = int(inside["orders"].sum()), inside["amount"].sum() / 10_000
        found.append(row)
    return pd.DataFrame(found).set_index("period")


def cohorts(days: pd.DataFrame, as_of: pd.Timestamp, period: str) -> pd.DataFrame:
    """Buyers, orders and revenue by cohort and age."""
    days = days[days["day"] < as_of]
    first = days[days["amount"] > 0].groupby("customer_id")["day"].min().rename("first")
    rows = days.merge(first, on="customer_id").query("day >= first")
    frequency = FREQUENCY[period]
    cohort, here = (rows[name].dt.to_period(frequency) for name in ("first", "day"))
    rows = rows.assign(
        cohort=cohort.dt.start_time,
        age=[(b - a).n for a, b in zip(cohort, here, strict=True)],
        buyer=rows["customer_id"].where(rows["amount"] > 0),
    )
    cells = rows.groupby(["cohort", "age"]).agg(
        buyers=("buyer", "nunique"), orders=("orders", "sum"), revenue=("amount", "sum")
    )
    return cells.assign(revenue=cells["revenue"] / 10_000)


def scores(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """RFM scores and percentile by counting who bought later, and who has strictly less."""
    days = days[days["day"] < as_of]
    bought = days[days["amount"] > 0]
    table = pd.DataFrame(
        {
            "recency_score": bought.groupby("customer_id")["day"].max(),
            "frequency_score": bought.groupby("customer_id")["day"].count(),
        }
    )
    table["monetary_score"] = days.groupby("customer_id")["amount"].sum()
    below = table.rank(method="min").sub(1).astype(int)
    later = table["recency_score"].rank(method="min", ascending=False).sub(1).astype(int)
    found = 1 + below * 5 // len(table)
    found["recency_score"] = 5 - later * 5 // len(table)
    return found.assign(percentile=below["monetary_score"] * 100 // len(table))
