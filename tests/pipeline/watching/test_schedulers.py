"""What docs/operations.md shows for schedulers can be parsed, and runs this command."""

import ast
import re
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from pipeline.command_line.main import app

PAGE = (Path(__file__).parents[3] / "docs/operations.md").read_text()


def shown(language):
    (block,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return block


def understood(words):
    """The command line is one that `churn` takes."""
    program, verb, *rest = words
    assert program.endswith("churn")
    command = get_command(app).commands[verb]
    return command.make_context(verb, list(rest)).params


def test_the_crontab_has_five_times_and_a_command():
    line = shown("cron").strip()
    assert re.fullmatch(r"(\S+ ){5}.+", line)
    words = shlex.split(line.split("&&")[1].split(">>")[0])
    assert understood(words)["config"] == Path("churn.yaml")


def test_the_airflow_dag_is_python_and_runs_the_job():
    tree = ast.parse(shown("python"))
    (command,) = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and "churn run" in str(node.value)
    ]
    assert understood(shlex.split(command.split("||")[0]))["quiet"]


def test_the_kubernetes_job_is_yaml_and_never_runs_twice_at_once():
    job = yaml.safe_load(shown("yaml"))
    assert (job["kind"], job["spec"]["concurrencyPolicy"]) == ("CronJob", "Forbid")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert understood(container["command"])["config"] == Path("churn.yaml")


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 130])
def test_every_exit_code_is_on_the_page(code):
    from pipeline.command_line import exits

    codes = {value for name, value in vars(exits).items() if name.isupper()}
    assert code in codes
    assert re.search(rf"^\|.*\b{code}\b", PAGE, re.MULTILINE)
