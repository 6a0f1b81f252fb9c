"""The command line: its verbs, its exit codes, and what is said when something goes wrong.

Nothing heavy is imported before a command runs, so that help answers at once.
"""

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from features.errors import UserError
from pipeline.command_line import (
    backtest,
    check,
    config,
    customer,
    demo,
    describe,
    export,
    measure,
    monitor,
    plan,
    score,
    serve,
    simulate,
    train,
    trainings,
)
from pipeline.command_line import run as job
from pipeline.command_line.dashes import behind_dashes
from pipeline.command_line.exits import BUG, DONE, GATE_FAILED, REFUSED, STOPPED

app = typer.Typer(
    name="churn",
    help="From an order log to who is leaving, what each customer is worth, and whom to contact.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS = (
    demo.demo,
    check.check,
    describe.describe,
    customer.customer,
    train.train,
    backtest.backtest,
    score.score,
    monitor.monitor,
    job.run,
    serve.serve,
    plan.plan,
    export.export,
    measure.measure,
    simulate.simulate,
    trainings.compare,
    trainings.ui,
    trainings.promote,
)
for verb in VERBS:
    app.command()(verb)
app.add_typer(config.app, name="config")


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


def main() -> None:
    """Entry point of the command."""
    # Whatever is written is customer data, or knows of it: nobody else reads it.
    os.umask(0o077)
    # Threads that wait should sleep: spinning on shared cores makes training four times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # OpenBLAS has no such policy, and our matrices are small: fits need a quarter of the time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What a user must know is said in words; libraries warn with paths and source lines.
    if not os.environ.get("CHURN_DEBUG"):
        warnings.simplefilter("ignore")
        # Threads of scikit-learn leave each other's filters behind, or none.
        warnings.showwarning = _unseen
    # A reader that went away (`churn compare | head`) is no error of ours.
    import signal

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    # A terminated command cleans up behind itself like an interrupted one.
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(sys.argv[1:]))


def _unseen(*_: object, **__: object) -> None:
    """Show no warning, whatever the filters."""


_TERMINATED: list[int] = []
"""The exit code of a command that was told to end."""


def _terminated(number: int, _: object) -> None:
    _TERMINATED.append(128 + number)
    sys.exit(128 + number)


_HALTED = "Stopped; nothing was left half-written."
_NO_MEMORY = "There is not enough memory. Free some, or lower training.max_customers."


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code.

    What a user can mend is one message and 2; a gate that did not open is 3; an alarm is 4;
    1 is a bug.
    """
    try:
        app(arguments)
    except SystemExit as left:  # help, --version, a wrong option: said already
        if isinstance(getattr(left.__context__, "__cause__", None), KeyboardInterrupt):
            return _refuse(_HALTED, STOPPED)
        if hint := behind_dashes(arguments, left.__context__):
            print(hint, file=sys.stderr)
        return int(left.code or 0)
    except UserError as error:
        return _refuse(str(error), REFUSED)
    except KeyboardInterrupt:
        return _refuse(_HALTED, STOPPED)
    except MemoryError:
        return _refuse(_NO_MEMORY, REFUSED)
    except ImportError as error:
        if "failed to map" in str(error) or "annot allocate memory" in str(error):
            return _refuse(_NO_MEMORY, REFUSED)
        return _refuse(_bug(error), BUG)
    except OSError as error:
        return _refuse(_system(error), REFUSED)
    except Exception as error:
        if _TERMINATED:  # a library made another error of it on its way out
            return _TERMINATED[0]
        if type(error).__name__ == "GateError":
            return _refuse(str(error), GATE_FAILED)
        if os.environ.get("CHURN_DEBUG"):
            raise
        # A stranger's message may quote the log, so only its kind and place are shown.
        return _refuse(_bug(error), BUG)
    return DONE


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
