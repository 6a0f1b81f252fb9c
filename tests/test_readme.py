"""What the README shows runs as it stands there."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "data/README.md", *PAGES]


def commands(document, program):
    """Lines of code in a document that begin with a program, without their comments."""
    blocks = re.findall(r"^```\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    shown = (re.split(r" {2,}|(?<=\S) #", line)[0] for line in lines)
    return [shlex.split(line)[1:] for line in shown if line.startswith(f"{program} ")]


def test_python_blocks_of_the_readme_run():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def test_readme_names_every_score_column():
    from pipeline.scoring.score import SCHEMA

    text = (ROOT / "README.md").read_text()
    missing = [name for name in SCHEMA.names if f"`{name}`" not in text and name not in REASONS]
    assert missing == []


REASONS = ("reason_2",)
"""Between the first and the last, which are named."""


def test_readme_names_every_command():
    from pipeline.command_line.main import app

    text = (ROOT / "README.md").read_text()
    names = [command.callback.__name__ for command in app.registered_commands]
    assert [name for name in names if f"churn {name}" not in text] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text()):
        if "://" not in link:
            assert (document.parent / link).exists(), link


def test_readme_and_package_promise_the_same_pythons():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    language = "Programming Language :: Python :: "
    promised = [c.removeprefix(language) for c in project["classifiers"] if language in c]
    assert (
        f"Python {', '.join(promised[:-1])} or {promised[-1]}." in (ROOT / "README.md").read_text()
    )
    assert project["requires-python"] == f">={promised[0]}"


def test_yaml_files_of_configs_are_valid():
    for path in (ROOT / "configs").glob("*.yaml"):
        assert yaml.safe_load(path.read_text())["version"] == 1


def parse(words):
    """Read a command line as `churn` would; an unknown command or option is an error."""
    from typer.main import get_command

    from pipeline.command_line.main import app

    command = get_command(app)
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    return command.make_context("churn", list(words))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_shown_exist_with_their_options(document):
    for words in commands(document, "churn"):
        assert parse(words)


def test_the_commands_of_the_readme_are_found():
    shown = commands(ROOT / "README.md", "churn")
    assert [words[0] for words in shown[:3]] == ["check", "train", "score"]
    with pytest.raises(Exception, match="No such option"):
        parse(["score", "orders.csv", "--outt", "scores.csv"])


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / ".ci/run"], ids=lambda path: path.name)
def test_make_targets_and_benchmarks_that_are_named_exist(document):
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z][a-z-]+)", text, re.MULTILINE)) <= targets
    for module in re.findall(r"python -m (benchmarks\.\w+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_targets_are_told_from_files():
    text = (ROOT / "Makefile").read_text()
    told = re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE).group(1).split()
    assert sorted(phony) == sorted(told)


def test_the_index_names_every_page():
    index = (ROOT / "docs/README.md").read_text()
    named = re.findall(r"\]\((\w[\w-]*\.md)\)", index)
    assert sorted([*named, "README.md"]) == [page.name for page in PAGES]
