"""The whole journey on CDNOW, a real log that comes with the lifetimes package."""

from importlib.resources import as_file, files
from pathlib import Path

import pandas as pd

from pipeline.command_line import screen
from pipeline.config import load
from pipeline.console import Progress, output
from pipeline.intake.orders import open_orders
from pipeline.scoring import champion
from pipeline.scoring import score as scoring


def demo(out: Path, progress: Progress) -> None:
    """Train and score CDNOW into `out`, and show what came out."""
    from pipeline.training.train import train

    with as_file(files("configs") / "cdnow.yaml") as path:
        config = load(path, {"output.folder": out})
    with open_orders(config.log, progress) as orders:
        trained = train(orders, config, progress)
        found = champion.find(str(trained.folder))
        scored = scoring.score(orders, found.model, out / "scores.parquet", progress)
        scoring.as_csv(scored.path, out / "scores.csv")
        console = output()
        screen.ledger(console, orders)
    screen.leaderboard(console, trained.result)
    screen.standing(console, trained)
    screen.contact_list(console, pd.read_parquet(out / "scores.parquet"))
    screen.scored(console, scored, found)
    screen.files(console, out)
    screen.next_command(console, "churn ui", "churn check YOUR_LOG.csv")
