"""What each command does, read from top to bottom: open, ask a stage, show its answer."""

import json
import shlex
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from features.errors import UserError
from pipeline.command_line import screen
from pipeline.config import Config, as_options, load, load_tracking, values
from pipeline.console import Progress, output
from pipeline.intake.orders import open_engine, open_orders, refuse_overwriting
from pipeline.learning import backtest
from pipeline.learning.judgement import judge
from pipeline.model_files.artifact import Model
from pipeline.own_estimators import refuse_half_answer
from pipeline.scoring import champion
from pipeline.scoring import score as scoring
from pipeline.tracking.board import refuse_unjudged, standings


def check(
    path: Path | None,
    overrides: Mapping[str, Any],
    progress: Progress,
    write_config: Path | None,
    as_json: bool,
) -> bool:
    """Do `churn check`; False when the log cannot be trained on."""
    from pipeline.command_line import check_text
    from pipeline.intake import check as stage

    # What the environment says holds for this machine; the config that is written may leave it.
    request = values(path, overrides, environment={})
    section = stage.log_section(request, path)
    settings = {key: value for key, value in request.items() if key != "log"}
    if write_config and write_config.exists():
        raise UserError(f"{write_config} is there already; name another file, or remove it first.")
    with (
        open_engine(section["source"]) as (engine, _),
        progress.step("Looking the log over"),
    ):
        found = stage.check(engine, section, settings, path=path)
    if write_config:
        check_text.write_config(found, write_config)
        progress.note(f"Wrote {write_config}: look at what is marked as guessed.")
    if as_json:
        print(found.to_json())
        return found.verdict != "refuse"
    console = output()
    check_text.render(found, console)
    if found.verdict != "refuse":
        screen.next_command(console, *_after_check(path, overrides, write_config))
    return found.verdict != "refuse"


def _after_check(
    path: Path | None, overrides: Mapping[str, Any], written: Path | None
) -> list[str]:
    """The training that the log was judged for; a config that was written asks for all of it."""
    if written:
        return [f"churn train --config {written}"]
    options = as_options(overrides)
    if path:
        return [f"churn train --config {path} {options}".rstrip()]
    config = "churn.yaml"
    return [f"churn check {options} --write-config {config}", f"churn train --config {config}"]


def train(config: Config, progress: Progress, promote: bool) -> None:
    """Do `churn train`."""
    from pipeline.training import train as stage

    with open_orders(config.log, progress) as orders:
        trained = stage.train(orders, config, progress, promote)
    console = output()
    screen.ledger(console, orders)
    screen.leaderboard(console, trained.result)
    screen.standing(console, trained)
    screen.files(console, config.output.folder)
    screen.next_command(console, "churn score LOG --out scores.parquet", "churn ui")


def backtests(config: Config, progress: Progress, out: Path | None, report: Path | None) -> None:
    """Do `churn backtest`."""
    from pipeline.reporting import report as page

    for file in (out, report):
        if file:
            refuse_overwriting(file, config.log.source)
    with open_orders(config.log, progress) as orders:
        snapshots = backtest.prepare(orders, config, progress)
        result = backtest.backtest(snapshots, config.contenders, progress)
        with progress.step("Judging by group and cutoff"):
            judgement = judge(result)
    if report:
        page.write(report, orders, result, judgement, config.campaign)
    if out:
        backtest.write(result, out)
    console = output()
    screen.ledger(console, orders)
    screen.leaderboard(console, result)
    screen.verdict(console, judgement)
    for file in (out, report):
        if file:
            screen.files(console, file)
    try:
        refuse_half_answer(config.contenders)
        refuse_unjudged(standings(result.leaderboard, judgement.rule))
    except UserError as error:
        console.print(f"`churn train` would refuse this. {error}", style="bold", markup=False)
    else:
        screen.next_command(console, "churn train (with the same options)")


def score(
    path: Path | None,
    overrides: Mapping[str, Any],
    progress: Progress,
    *,
    out: Path,
    model: str | None,
    as_of: date | None,
    customers: Path | None,
    excel_safe: bool,
) -> None:
    """Do `churn score`: a log is read as the training log was, but for what is said otherwise."""
    scoring.check_name(out)
    tracking = load_tracking(path, overrides)
    with progress.step("Fetching the model"):
        found = champion.find(model, uri=tracking.uri, registered_model=tracking.registered_model)
    if found.note:
        progress.note(found.note)
    config = load(path, overrides, defaults={"log": found.model.manifest.settings["log"]})
    _same_horizon(config, found.model)
    refuse_overwriting(out, config.log.source, customers, path)
    with open_orders(config.log, progress, also=customers) as orders:
        scored = scoring.score(
            orders,
            found.model,
            out,
            progress,
            as_of=as_of,
            customers=scoring.customer_list(orders, customers, config.log) if customers else None,
            excel_safe=excel_safe,
        )
        console = output()
        screen.ledger(console, orders)
    screen.scored(console, scored, found)
    screen.next_command(console, "churn compare", "churn ui")


def simulate(
    customers: int, years: float, out: Path, progress: Progress, lines: float, seed: int
) -> None:
    """Do `churn simulate`."""
    from pipeline import simulated_log

    rows = simulated_log.simulate(customers, years, out, progress, lines, seed)
    console = output()
    console.print(f"{rows:,} rows of {customers:,} customers in {out}", markup=False)
    options = "--customer-id customer_id --transacted-at ordered_at --amount amount"
    screen.next_command(console, f"churn check {shlex.quote(str(out))} {options}")


def compare(path: Path | None, as_json: bool) -> None:
    """Do `churn compare`."""
    from pipeline.tracking import compare as stage
    from pipeline.tracking import store

    tracking = load_tracking(path)
    opened = store.connect(tracking.uri, tracking.experiment)
    rows = stage.trainings(opened, tracking.registered_model)
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
        return
    console = output()
    screen.trainings(console, rows)
    challenged = any(set(row["aliases"]) == {"challenger"} for row in rows)
    screen.next_command(console, *(["churn promote"] if challenged else []), "churn ui")


def ui(path: Path | None, host: str, port: int | None) -> None:
    """Do `churn ui`."""
    from pipeline.tracking import server

    tracking = load_tracking(path)
    progress = Progress()
    progress.note("Starting MLflow; this takes some seconds ...")
    with server.running(tracking.uri, tracking.experiment, host, port) as address:
        print(address, flush=True)
        progress.note("Open the address in a browser. Ctrl-C ends the server.")
        server.wait_until_stopped()


def promote(path: Path | None, force: str | None) -> None:
    """Do `churn promote`."""
    from pipeline.tracking import registry, store
    from pipeline.training.gate import compared, gate

    tracking = load_tracking(path)
    opened = store.connect(tracking.uri, tracking.experiment)
    before = registry.describe(opened, tracking.registered_model, registry.CHAMPION)
    version = registry.promote(opened, tracking.registered_model, gate=gate, force=force)
    console = output()
    for line in compared(version, before):
        console.print(line, markup=False)
    console.print(f"Version {version.version} of {version.name} is the champion.", markup=False)
    screen.next_command(console, "churn score LOG --out scores.parquet")


def _same_horizon(config: Config, model: Model) -> None:
    asked, answers = config.horizon_days, model.manifest.horizon_days
    if asked and asked != answers:
        raise UserError(
            f"The model answers for {answers} days, the request says {asked}. "
            f"Train one with `churn train --horizon {asked}d`, or leave the horizon out."
        )
