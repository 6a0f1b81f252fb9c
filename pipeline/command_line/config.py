"""`churn config`: the config of a run, or the schema of every config."""

from pathlib import Path
from typing import Any

import typer

from pipeline.command_line.options import takes_a_log

app = typer.Typer(no_args_is_help=True, help="Show the config of a run, or its schema.")


@app.command("show")
@takes_a_log
def show(path: Path | None, overrides: dict[str, Any]) -> None:
    """Print the config that a run with these options would use; passwords are hidden."""
    import yaml

    from pipeline.config import redacted
    from pipeline.config_file import load

    print(yaml.safe_dump(redacted(load(path, overrides)), sort_keys=False), end="")


@app.command("schema")
def schema() -> None:
    """Print the JSON schema of the config: every key, its type and meaning."""
    import json

    from pipeline.config import Config

    print(json.dumps(Config.model_json_schema(), indent=2))
