"""The command line: reads arguments, calls a stage, shows what it answers.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

import os
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from features.errors import UserError
from pipeline.command_line.options import takes_a_log

BUG, REFUSED, GATE_FAILED, STOPPED = 1, 2, 3, 130

app = typer.Typer(
    name="churn",
    help="From an order log to who is leaving, what each customer is worth, and whom to contact.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(no_args_is_help=True, help="Show the config of a run, or its schema.")
app.add_typer(config_app, name="config")

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
Day = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Know nothing from this day on; default: the day after the last order",
    ),
]
TrackingConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="Config with the tracking section")
]


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave", is_eager=True)
    ] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"churn {installed('churn-clv')}")
        raise typer.Exit


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results")] = Path("out/demo"),
    quiet: Quiet = False,
) -> None:
    """Run the whole journey on the real CDNOW log; no file needed."""
    from pipeline.command_line.demo import demo as journey
    from pipeline.console import Progress

    journey(out, Progress(quiet))


@app.command()
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
    from pipeline.command_line import commands
    from pipeline.console import Progress

    if not commands.check(path, overrides, Progress(quiet), write_config, as_json=json):
        raise typer.Exit(REFUSED)


@app.command()
@takes_a_log
def train(
    path: Path | None,
    overrides: dict[str, Any],
    promote: Annotated[
        bool, typer.Option("--promote", help="Make it champion if it is not worse")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Compare all contenders on the past, train the answer, record both in MLflow."""
    from pipeline.command_line import commands
    from pipeline.config import load
    from pipeline.console import Progress

    commands.train(load(path, overrides), Progress(quiet), promote)


@app.command()
@takes_a_log
def backtest(
    path: Path | None,
    overrides: dict[str, Any],
    out: Annotated[Path | None, typer.Option(help="Write the leaderboard as CSV")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report, one HTML page")] = None,
    quiet: Quiet = False,
) -> None:
    """Compare all contenders at past cutoffs, without training or recording anything."""
    from pipeline.command_line import commands
    from pipeline.config import load
    from pipeline.console import Progress

    commands.backtests(load(path, overrides), Progress(quiet), out, report)


@app.command()
@takes_a_log
def score(
    path: Path | None,
    overrides: dict[str, Any],
    out: Annotated[Path, typer.Option(help="Results: a .parquet or .csv file", metavar="FILE")],
    model: Annotated[
        str | None,
        typer.Option(help="A model folder or models:/name@alias", show_default="the champion"),
    ] = None,
    as_of: Day = None,
    customers: Annotated[
        Path | None, typer.Option(help="Score the customers of this list only", metavar="FILE")
    ] = None,
    excel_safe: Annotated[
        bool, typer.Option("--excel-safe", help="CSV: ids that look like formulas stay text")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write one row per customer: how likely to leave, and what they are worth."""
    from pipeline.command_line import commands
    from pipeline.console import Progress

    commands.score(
        path,
        overrides,
        Progress(quiet),
        out=out,
        model=model,
        as_of=as_of.date() if as_of else None,
        customers=customers,
        excel_safe=excel_safe,
    )


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to make, a Parquet file a month")],
    customers: Annotated[int, typer.Option(min=1, max=10**9)] = 100_000,
    years: Annotated[float, typer.Option(min=0.1, max=50, help="Length of the log")] = 3.0,
    lines: Annotated[float, typer.Option(min=1, max=100, help="Rows an order, in the mean")] = 1.5,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same log")] = 0,
    quiet: Quiet = False,
) -> None:
    """Write an order log of any size that was drawn at random, for benchmarks and first steps."""
    from pipeline.command_line import commands
    from pipeline.console import Progress

    commands.simulate(customers, years, out, Progress(quiet), lines, seed)


@app.command()
def compare(config: TrackingConfig = None, json: AsJson = False) -> None:
    """List the trainings of the tracking store beside each other, newest first."""
    from pipeline.command_line import commands

    commands.compare(config, as_json=json)


@app.command()
def ui(
    config: TrackingConfig = None,
    host: Annotated[str, typer.Option(help="A loopback address")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
) -> None:
    """Open the MLflow UI on the leaderboard; Ctrl-C ends it."""
    from pipeline.command_line import commands

    commands.ui(config, host, port)


@app.command()
def promote(
    config: TrackingConfig = None,
    force: Annotated[
        str | None, typer.Option(metavar="REASON", help="Promote a worse one; kept as a tag")
    ] = None,
) -> None:
    """Make the challenger champion if it is not worse on the same cutoffs; else exit 3."""
    from pipeline.command_line import commands

    commands.promote(config, force)


@config_app.command("show")
@takes_a_log
def config_show(path: Path | None, overrides: dict[str, Any]) -> None:
    """Print the config that a run with these options would use; passwords are hidden."""
    import yaml

    from pipeline.config import load, redacted

    print(yaml.safe_dump(redacted(load(path, overrides)), sort_keys=False), end="")


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON schema of the config: every key, its type and meaning."""
    import json

    from pipeline.config import Config

    print(json.dumps(Config.model_json_schema(), indent=2))


def main() -> None:
    """Entry point of the command."""
    # Threads that wait should sleep: spinning on shared cores makes training four times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # What a user must know is said in words; libraries warn with paths and source lines.
    if not os.environ.get("CHURN_DEBUG"):
        warnings.simplefilter("ignore")
    # A reader that went away (`churn compare | head`) is no error of ours.
    import signal

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # A terminated command cleans up behind itself like an interrupted one.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code.

    What a user can mend is one message and 2; a gate that did not open is 3; 1 is a bug.
    """
    try:
        app(arguments)
    except SystemExit as left:  # help, --version, a wrong option: said already
        return int(left.code or 0)
    except UserError as error:
        return _refuse(str(error), REFUSED)
    except KeyboardInterrupt:
        return _refuse("Stopped; nothing was left half-written.", STOPPED)
    except MemoryError:
        return _refuse(
            "There is not enough memory. Free some, or lower training.max_customers.", REFUSED
        )
    except OSError as error:
        return _refuse(_system(error), REFUSED)
    except Exception as error:
        if type(error).__name__ == "GateError":
            return _refuse(str(error), GATE_FAILED)
        if os.environ.get("CHURN_DEBUG"):
            raise
        # A stranger's message may quote the log, so only its kind and place are shown.
        return _refuse(_bug(error), BUG)
    return 0


def _system(error: OSError) -> str:
    """A full disk, a folder that may not be written: the place and the system's own word."""
    place = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or ("No space left" if "No space left" in str(error) else "failed")
    return f"{place}{reason}. What was there before is as it was."


def _bug(error: Exception) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"A bug in churn: {type(error).__name__} in {Path(last.filename).name}, line {last.lineno}."
        "\nCHURN_DEBUG=1 shows the traceback (it may quote customer data: look before you share)."
    )


def _refuse(message: str, code: int) -> int:
    from rich.console import Console

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("[red]Error:[/red] ", end="")
    console.print(message, markup=False)
    return code
