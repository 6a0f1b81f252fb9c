"""`churn compare`, `churn ui` and `churn promote`: the trainings of a tracking store."""

from typing import Annotated

import typer

from features.errors import UserError
from pipeline.command_line.options import AsJson, Settings, TrackingConfig, overridden


def compare(config: TrackingConfig = None, set_: Settings = None, json: AsJson = False) -> None:
    """List the trainings of the tracking store beside each other, newest first."""
    from json import dumps

    from pipeline.command_line import following, unsent
    from pipeline.command_line.show import log, trainings
    from pipeline.config_file import load_tracking
    from pipeline.console import Progress, output
    from pipeline.tracking import compare as stage
    from pipeline.tracking import registry, store
    from pipeline.training.gate import gate

    overrides = overridden(set_, {})
    tracking = load_tracking(config, overrides)
    unsent.send(config, overrides, Progress())
    opened = store.connect(tracking.uri, tracking.experiment)
    rows = stage.trainings(opened, tracking.registered_model)
    if json:
        print(dumps(rows, indent=2, default=str))
        return
    console = output()
    trainings.trainings(console, rows)
    champion, challenger = (
        registry.describe(opened, tracking.registered_model, alias)
        for alias in (registry.CHAMPION, registry.CHALLENGER)
    )
    if not challenger or (champion and champion.version == challenger.version):
        log.next_command(console, following.stored("ui", config, overrides))
    elif against := "; ".join(gate(challenger, champion)):
        console.print(f"Version {challenger.version} cannot be promoted: {against}.", markup=False)
        log.next_command(console, following.stored("ui", config, overrides))
    else:
        log.next_command(
            console,
            following.stored("promote", config, overrides),
            following.stored("ui", config, overrides),
        )


def ui(
    config: TrackingConfig = None,
    set_: Settings = None,
    host: Annotated[str, typer.Option(help="A loopback address")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
) -> None:
    """Open the MLflow UI on the leaderboard; Ctrl-C ends it."""
    from pipeline.command_line import unsent
    from pipeline.config_file import load_tracking
    from pipeline.console import Progress
    from pipeline.tracking import server

    overrides = overridden(set_, {})
    tracking = load_tracking(config, overrides)
    progress = Progress()
    unsent.send(config, overrides, progress)
    progress.note("Starting MLflow; this takes some seconds ...")
    with server.running(tracking.uri, tracking.experiment, host, port) as address:
        name = server.named(address)
        print(name or address, flush=True)
        progress.note(f"All trainings as a table: {server.of_trainings(name or address)}")
        if name:
            progress.note(
                f"Where that name is not known, with MLflow's assistant over it: {address}"
            )
        progress.note("Open the address in a browser. Ctrl-C ends the server.")
        server.wait_until_stopped()


def promote(
    config: TrackingConfig = None,
    set_: Settings = None,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="Promote a worse one; kept as a tag")
    ] = None,
) -> None:
    """Make the challenger champion if it is not worse on the same cutoffs; else exit 3."""
    from pipeline.command_line import following, unsent
    from pipeline.command_line.show import log
    from pipeline.config_file import load_tracking
    from pipeline.console import Progress, output
    from pipeline.tracking import registry, store
    from pipeline.training.gate import another_log, compared, gate

    overrides = overridden(set_, {})
    tracking = load_tracking(config, overrides)
    unsent.send(config, overrides, Progress())
    opened = store.connect(tracking.uri, tracking.experiment)
    before = registry.describe(opened, tracking.registered_model, registry.CHAMPION)
    challenger = registry.describe(opened, tracking.registered_model, registry.CHALLENGER)
    if challenger and not force and (other := another_log(challenger, before)):
        raise UserError(
            f"Version {challenger.version} of {challenger.name} was not promoted: {other}.\n"
            "Train it under a registered model of its own "
            "(--set tracking.registered_model=NAME), or promote it all the same with "
            '--force "reason".'
        )
    version = registry.promote(opened, tracking.registered_model, gate=gate, force=force)
    console = output()
    for line in compared(version, before):
        console.print(line, markup=False)
    console.print(f"Version {version.version} of {version.name} is the champion.", markup=False)
    log.next_command(
        console,
        following.stored("compare", config, overrides),
        following.stored("ui", config, overrides),
    )
