"""`churn demo`: the whole journey on CDNOW, a real log that comes with the lifetimes package."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.command_line.options import Quiet


def kept_apart(out: Path) -> dict[str, Any]:
    """Settings by which the demo meets nothing of the user's: its own store, names and folder.

    Every contender there is stands on its board.
    """
    from models.all_contenders import CONTENDERS

    return {
        "output.folder": str(out),
        "tracking.uri": f"sqlite:///{out / 'mlflow.db'}",
        "contenders": list(CONTENDERS),
    }


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results")] = Path("out/demo"),
    quiet: Quiet = False,
) -> None:
    """Run the whole journey on the real CDNOW log; no file needed."""
    from importlib.resources import as_file, files

    import pandas as pd
    import yaml

    from features.writing import atomic
    from pipeline.command_line.show import board, log, scores
    from pipeline.config_file import load
    from pipeline.console import Progress, output
    from pipeline.intake.orders import open_orders
    from pipeline.scoring import champion, scores_file
    from pipeline.scoring import score as scoring
    from pipeline.training.train import train

    progress = Progress(quiet)
    with as_file(files("configs") / "cdnow.yaml") as path:
        config = load(path, kept_apart(out))
    settings = out / "churn.yaml"
    out.mkdir(parents=True, exist_ok=True)
    with atomic(settings) as draft:
        draft.write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_none=True)))
    with open_orders(config.log, progress) as orders:
        trained = train(orders, config, progress)
        found = champion.find(str(trained.folder))
        scored = scoring.score(orders, found.model, out / "scores.parquet", progress)
        scores_file.as_csv(scored.path, out / "scores.csv")
        console = output()
        log.ledger(console, orders)
    board.leaderboard(console, trained.result)
    board.standing(console, trained, settings, {})
    scores.contact_list(console, pd.read_parquet(out / "scores.parquet"))
    scores.scored(console, scored, found)
    log.files(console, out)
    log.next_command(console, f"churn ui --config {shlex.quote(str(settings))}")
    console.print("With a log of your own, begin with churn check and its file.", markup=False)
