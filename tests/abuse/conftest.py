"""What the tests of promises share with those of the pipeline: one training, made once."""

import json

import pytest

from pipeline.command_line import main as cli
from tests.pipeline.conftest import here, made_once, migrated_store, trained

__all__ = ["here", "made_once", "migrated_store", "trained"]


@pytest.fixture
def churn(capsys):
    """Run a command as the shell does; its exit code, and what it said on both streams."""

    def run(*arguments):
        code = cli.run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert "A bug in churn" not in said.err
        return code, said.out, said.err

    return run


@pytest.fixture
def checked(churn, tmp_path):
    """Write a log and check it; what `churn check --json` says of it."""

    def check(content, *options, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        columns = ["--customer-id", "id", "--transacted-at", "day", "--amount", "amount"]
        code, out, _ = churn("check", path, *columns, "--json", "--quiet", *options)
        found = json.loads(out)
        assert code == (2 if found["verdict"] == "refuse" else 0)
        if "rows_used" in found:
            assert found["rows"] == found["rows_used"] + sum(found["set_aside"].values())
        return found

    return check
