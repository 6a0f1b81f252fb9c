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


def loaded(heavy, modules):
    script = f"import sys, {modules}; print([m for m in {heavy} if m in sys.modules])"
    done = run(sys.executable, "-c", script)
    return done.stdout.strip() or done.stderr


def test_command_line_loads_nothing_heavy():
    heavy = ("pandas", "sklearn", "mlflow", "ibis", "duckdb", "scipy", "numpy", "pyarrow")
    assert loaded(heavy, "pipeline.command_line.main") == "[]"


def test_looking_a_log_over_loads_no_model():
    check = "pipeline.intake.check, pipeline.command_line.show.check"
    assert loaded(("sklearn", "scipy", "mlflow"), check) == "[]"


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
