"""The floor plan holds: who may import whom, and that asking for help costs nothing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_import_contracts_are_kept():
    done = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr


def test_command_line_loads_nothing_heavy():
    heavy = ("pandas", "sklearn", "mlflow", "ibis", "duckdb", "scipy", "numpy", "pyarrow")
    script = (
        f"import sys, pipeline.command_line.main; print([m for m in {heavy} if m in sys.modules])"
    )
    done = run(sys.executable, "-c", script)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_no_file_is_imported_for_pickle():
    folders = ("features", "models", "pipeline")
    code = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    guilty = [
        path.name
        for path in code
        for line in path.read_text().splitlines()
        if line.lstrip().startswith(("import ", "from "))
        and any(word in line for word in ("pickle", "joblib", "dill", "shelve", "marshal"))
    ]
    assert guilty == []
