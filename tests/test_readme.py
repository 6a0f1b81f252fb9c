"""What the README shows runs as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


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
