"""Entry point of `churn`: makes sure that the packages found are its own, then starts.

Imports the standard library only, for a foreign `features` would break whatever imports it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

OWN = ("features", "models", "configs")
HERE = Path(__file__).resolve().parents[2]


def main() -> None:
    """Refuse a foreign package in place of one of ours with exit code 2, else run the command."""
    foreign = foreign_packages()
    if foreign:
        sys.stderr.write(f"Error: {refusal(foreign)}\n")
        sys.exit(2)
    from pipeline.command_line.main import main as run

    run()


def foreign_packages() -> dict[str, str]:
    """Where Python finds those of our top-level packages that lie somewhere else than ours."""
    found = {name: find_spec(name) for name in OWN}
    places = {
        name: str(spec.origin or next(iter(spec.submodule_search_locations or []), "?"))
        for name, spec in found.items()
        if spec
    }
    return {name: place for name, place in places.items() if not _lies_here(place, name)}


def _lies_here(place: str, name: str) -> bool:
    return Path(place).resolve().is_relative_to(HERE / name)


def refusal(foreign: dict[str, str]) -> str:
    """What stands in the way, and the environment that helps."""
    listed = "\n".join(f"  {name}: {place}" for name, place in foreign.items())
    return (
        f"another package stands where churn's own should:\n{listed}\n"
        "churn needs an environment of its own, and no PYTHONPATH that leads to such a package:\n"
        "  python3 -m venv churn-env; then install churn with churn-env/bin/pip"
    )
