"""The pictures of docs/btyd.md, drawn from CDNOW: `python -m benchmarks.pictures`."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from models.btyd import ParetoNBDModel, rfm_summary
from models.btyd import plots as draw

CUTOFF, END, WEEK = "1997-10-01", "1998-07-01", 7.0
OUT = Path(__file__).parent.parent / "docs" / "pictures" / "btyd.png"


def main() -> None:
    """Draw the six plots on one sheet."""
    folder = Path(find_spec("lifetimes").submodule_search_locations[0])  # type: ignore[union-attr, index]
    log = pd.read_csv(
        folder / "datasets" / "CDNOW_sample.txt",
        sep=r"\s+",
        names=["master", "customer_id", "transacted_at", "cds", "amount"],
        dtype={"customer_id": str, "transacted_at": str},
    )
    customers = rfm_summary(log, cutoff=CUTOFF, days_per_unit=WEEK)
    model = ParetoNBDModel().fit(customers)
    sheet = Figure(figsize=(13, 11), layout="constrained")
    (a, b), (c, d), (e, f) = sheet.subplots(3, 2)
    age = float(customers["T"].max())
    draw.plot_alive_matrix(model, age, 25, ax=a)
    draw.plot_frequency_recency_matrix(model, age, 13, 25, ax=b)
    draw.plot_repeat_counts(model, customers, ax=c)
    best = log["customer_id"].value_counts().index[9]
    dates = log.loc[log["customer_id"] == best, "transacted_at"]
    draw.plot_alive_path(model, dates, END, days_per_unit=WEEK, ax=d)
    for axes, cumulative in ((e, False), (f, True)):
        draw.plot_tracking(model, log, END, WEEK, fitted_at=CUTOFF, cumulative=cumulative, ax=axes)
    sheet.savefig(OUT, dpi=70)


if __name__ == "__main__":
    main()
