"""`churn serve`: scores over HTTP, for this machine or for whoever carries a token."""

import os
from typing import Annotated

import typer

from pipeline.command_line.options import Quiet, Settings, TrackingConfig


def serve(
    model: Annotated[
        str | None,
        typer.Option(help="A model folder or models:/name@alias", show_default="the champion"),
    ] = None,
    config: TrackingConfig = None,
    set_: Settings = None,
    host: Annotated[
        str, typer.Option(help="Address; one that other machines reach needs CHURN_SERVE_TOKEN")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one")] = 8000,
    reload_seconds: Annotated[
        float, typer.Option(min=0, help="How often to look for a new champion; 0: never")
    ] = 30.0,
    quiet: Quiet = False,
) -> None:
    """Score customers over HTTP: their orders in, the numbers of `churn score` out."""
    import gc
    from functools import partial

    from pipeline.config_file import load_tracking
    from pipeline.config_options import parse_overrides
    from pipeline.console import Progress, output
    from pipeline.scoring import champion
    from pipeline.serving import server
    from pipeline.serving.scorer import Scorer

    progress, token = Progress(quiet), os.environ.get(server.TOKEN)
    server.check_reach(host, token)
    tracking = load_tracking(config, parse_overrides(set_ or ()))
    find = partial(
        champion.find, model, uri=tracking.uri, registered_model=tracking.registered_model
    )
    with progress.step("Fetching the model"):
        found = find()
        if found.note:
            progress.note(found.note)
        scorer = Scorer(found)
    with (
        server.running(scorer, host, port, token) as (running, queue, address),
        server.Reloader(queue, find, progress, reload_seconds),
    ):
        output().print(
            f"{found.named} answers at {address} (its OpenAPI document: {address}/openapi.json); "
            "Ctrl-C stops it.",
            markup=False,
        )
        # What is loaded stays: to look through it for garbage would hold up an answer.
        gc.collect()
        gc.freeze()
        try:
            running.run()
        finally:
            gc.unfreeze()
        progress.tell(f"Stopped after {queue.answered:,} requests were answered.")
