"""`churn check`: what is in a log, whether it is enough, and which horizon suits it."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import UserError
from pipeline.command_line.exits import REFUSED
from pipeline.command_line.options import AsJson, Quiet, takes_a_log


@takes_a_log
def check(
    path: Path | None,
    overrides: dict[str, Any],
    write_config: Annotated[
        Path | None, typer.Option(help="Write a commented config for this log", metavar="FILE")
    ] = None,
    json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say what is in a log, what is set aside and why, whether it is enough, which horizon."""
    from pipeline.command_line.show import check, log
    from pipeline.config_file import values
    from pipeline.console import Progress, output
    from pipeline.intake import check as stage
    from pipeline.intake import written_config
    from pipeline.intake.orders import open_engine
    from pipeline.plain_yaml import OPEN

    progress = Progress(quiet)
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
        # A training by a config as it stands takes nothing; --guess and a written config do.
        take = not path or bool(write_config)
        found = stage.check(engine, section, settings, path=path, take=take)
    if write_config and found.problem and not found.open:
        progress.note(f"{write_config} is not written: the log cannot be used as it is read now.")
    elif write_config:
        written_config.write_config(found, write_config)
        open_ones = f", and decide what is open ({OPEN})" if found.open else ""
        progress.note(f"Wrote {write_config}: look at what is marked as guessed{open_ones}.")
    if json:
        print(found.to_json())
    else:
        console = output()
        check.checked(console, found)
        if found.verdict != "refuse":
            log.next_command(console, *_after_check(path, overrides, write_config))
    if found.verdict == "refuse":
        raise typer.Exit(REFUSED)


def _after_check(
    path: Path | None, overrides: Mapping[str, Any], written: Path | None
) -> list[str]:
    """The training that the log was judged for; a config that was written asks for all of it."""
    from pipeline.command_line.following import unused
    from pipeline.config_options import as_options

    if written:
        return [f"churn train --config {shlex.quote(str(written))}"]
    options = as_options(overrides)
    if path:
        return [f"churn train --config {shlex.quote(str(path))} {options}".rstrip()]
    file = unused("churn.yaml")
    return [f"churn check {options} --write-config {file}", f"churn train {options} --guess"]
