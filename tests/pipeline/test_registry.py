"""A registered model comes back unopened, checked and with the numbers it went in with."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from features.errors import UserError
from models.contenders.baselines import RecencyAlone
from pipeline.command_line import main as cli
from pipeline.console import Progress
from pipeline.model_files import artifact
from pipeline.scoring import champion
from pipeline.tracking import compare, download, registry, runs
from pipeline.tracking import server as light_server
from pipeline.tracking.errors import GateError, TrackingError
from pipeline.tracking.runs import prepare
from pipeline.tracking.store import Store, talking
from pipeline.tracking.version import FORM, IDENTITY
from pipeline.training.card import UNFIT
from pipeline.training.gate import gate
from pipeline.training.recording import promote
from tests.pipeline import shop
from tests.pipeline.fitted import CUTOFF, FEATURES, fitted, save, snapshot

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    return snapshot(0)


@pytest.fixture(scope="module")
def contender() -> RecencyAlone:
    return fitted()


@pytest.fixture
def folder(tmp_path: Path, contender: RecencyAlone) -> Path:
    save(tmp_path / "model", contender, horizon_days=91)
    return tmp_path / "model"


@pytest.fixture
def store(tracking_uri: str) -> Store:
    return prepare(tracking_uri)


def register(
    store: Store, folder: Path, log_loss: float = 0.4, tags: dict[str, str] | None = None
) -> str:
    board = pd.DataFrame(
        {
            "contender": ["recency_alone"],
            "cutoff": [CUTOFF],
            "log_loss": [log_loss],
            "chosen": [True],
        }
    )
    with runs.training(store, name="t", parameters={"horizon_days": 91}) as opened:
        runs.log_leaderboard(opened, board, "recency_alone")
        return registry.register(opened, folder, tags=tags or {"verdict": "good"})


def stored(store: Store) -> Path:
    """Where the last registered model lies on disk."""
    root = Path(store.uri.removeprefix("sqlite:///")).parent / "mlartifacts"
    return max(root.rglob("MLmodel"), key=lambda file: file.stat().st_mtime).parent


def find(store: Store, tmp_path: Path, asked: str | None = None) -> champion.Found:
    return champion.find(asked, uri=store.uri, cache=tmp_path / "cache")


def test_the_champion_answers_to_the_last_bit_as_the_model_that_was_registered(
    store: Store, folder: Path, tmp_path: Path, contender: RecencyAlone, customers: pd.DataFrame
) -> None:
    assert register(store, folder) == "1"
    assert registry.promote(store).version == "1"
    found = find(store, tmp_path)
    assert (found.version, found.note) == ("1", "")
    pd.testing.assert_frame_equal(
        found.model.contender.predict(customers), contender.predict(customers), check_exact=True
    )
    row = compare.trainings(store)[0]
    assert (row["version"], row["aliases"]) == ("1", ["challenger", "champion"])
    assert list(Path.cwd().iterdir()) == []


def test_a_new_model_is_challenger_and_the_champion_stays(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    register(store, folder)
    registry.promote(store)
    assert register(store, folder) == "2"
    versions = {
        alias: find(store, tmp_path, f"models:/churn@{alias}").version
        for alias in ("challenger", "champion")
    }
    assert versions == {"challenger": "2", "champion": "1"}
    assert find(store, tmp_path, "models:/churn/2").version == "2"


def test_50_the_gate_keeps_a_worse_challenger_from_becoming_champion(
    store: Store, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register(store, folder, log_loss=0.40)
    registry.promote(store, gate=gate)
    register(store, folder, log_loss=0.45)
    with pytest.raises(
        GateError, match=r"Version 2 of churn was not promoted: log_loss 0\.4500 is worse"
    ):
        registry.promote(store, gate=gate)
    (folder.parent / "c.yaml").write_text(f"tracking: {{uri: '{store.uri}'}}")
    assert cli.run(["compare", "--config", str(folder.parent / "c.yaml")]) == 0
    compared = capsys.readouterr().out
    assert "Version 2 cannot be promoted: log_loss 0.4500 is worse" in compared
    assert "churn promote" not in compared
    kept = registry.describe(store, "churn", "champion")
    assert kept is not None
    assert kept.version == "1"
    registry.promote(store, gate=gate, force="a new market")
    made = registry.describe(store, "churn", "champion")
    assert made is not None
    assert made.version == "2"
    assert made.tags["forced"] == "a new market"
    assert made.tags["champion_before"] == "1"


OTHER = shop.IDENTITY.model_copy(update={"name": "other.csv", "named": True})


@pytest.mark.thorough
def test_a_model_of_another_log_is_promoted_only_for_a_reason(
    store: Store, tmp_path: Path, contender: RecencyAlone, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = shop.IDENTITY.model_copy(update={"named": True})
    for number, log in enumerate((mine, OTHER)):
        save(tmp_path / f"{number}", contender, horizon_days=91, log=log)
        register(store, tmp_path / f"{number}")
        if not number:
            registry.promote(store, gate=gate)
    (tmp_path / "c.yaml").write_text(f"tracking: {{uri: '{store.uri}'}}")
    request = ["promote", "--config", str(tmp_path / "c.yaml")]
    assert [row["apart"] for row in compare.trainings(store)] == ["another log", ""]
    assert cli.run(["compare", *request[1:]]) == 0
    compared = capsys.readouterr().out
    assert "Version 2 cannot be promoted: it learned from other.csv" in compared
    assert "churn promote" not in compared
    assert cli.run(request) == 2
    said = capsys.readouterr().err
    assert "it learned from other.csv, the champion of churn from orders.csv, another log" in said
    assert "tracking.registered_model=NAME" in said
    assert registry.describe(store, "churn", "champion").version == "1"
    assert cli.run([*request, "--force", "we took that shop over"]) == 0
    now = registry.describe(store, "churn", "champion")
    assert now is not None
    assert (now.version, now.tags["forced"]) == ("2", "we took that shop over")


@pytest.mark.thorough
def test_a_champion_made_before_models_knew_their_log_gives_way(store: Store, folder: Path) -> None:
    register(store, folder)
    registry.promote(store)
    with talking(store.uri):
        for tag in (IDENTITY, FORM):
            store.client.delete_model_version_tag("churn", "1", tag)
    register(store, folder, log_loss=0.5)
    assert promote(store, "churn", asked=False, progress=Progress(quiet=True))
    assert registry.describe(store, "churn", "champion").version == "2"


def test_a_first_model_that_a_rule_beats_stays_challenger_until_it_is_forced(
    store: Store, folder: Path
) -> None:
    register(store, folder, tags={UNFIT: "it is worse than recency alone, beyond chance"})
    assert not promote(store, "churn", asked=False, progress=Progress(quiet=True))
    assert registry.describe(store, "churn", "champion") is None
    with pytest.raises(GateError, match="worse than recency alone"):
        promote(store, "churn", asked=True, progress=Progress(quiet=True))
    registry.promote(store, gate=gate, force="nothing else yet")
    now = registry.describe(store, "churn", "champion")
    assert now is not None
    assert now.tags["forced"] == "nothing else yet"


def test_what_is_not_registered_cannot_be_promoted_or_found(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no challenger"):
        registry.promote(store)
    with pytest.raises(UserError, match="no model models:/churn@champion"):
        find(store, tmp_path)
    register(store, folder)
    with pytest.raises(UserError, match="no version 7"):
        registry.promote(store, version="7")
    with pytest.raises(UserError, match="no model models:/churn@champion"):
        find(store, tmp_path)


def test_the_model_of_another_training_in_the_same_folder_is_not_registered(
    store: Store, folder: Path, contender: RecencyAlone
) -> None:
    save(folder, contender, horizon_days=91, run_id="0" * 32)
    with pytest.raises(UserError, match="Another training has put its model"):
        register(store, folder)


@pytest.mark.parametrize(
    "address", ["models:/", "models:/churn", "models:/../x/1", "models:/churn@", "models:/a/b/c"]
)
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(UserError, match="models:/name@alias"):
        download.parse(address)


def test_a_folder_scores_without_any_tracking_store(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pipeline.scoring import champion; "
        f"found = champion.find({str(folder)!r}, uri='http://127.0.0.1:9'); "
        "assert found.model.manifest.contender == 'recency_alone'; "
        "assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("fault", ["gone", "no_database"])
def test_61_while_the_store_is_down_the_last_known_champion_scores_and_it_is_said(
    store: Store, folder: Path, tmp_path: Path, fault: str
) -> None:
    register(store, folder)
    registry.promote(store)
    known = find(store, tmp_path)
    file = Path(store.uri.removeprefix("sqlite:///"))
    file.unlink() if fault == "gone" else file.write_bytes(b"x" * 1000)
    found = find(store, tmp_path)
    assert found.model.manifest == known.model.manifest
    assert "Scoring with version 1" in found.note
    with pytest.raises(TrackingError, match="--model out/model"):
        find(store, tmp_path, "models:/churn@challenger")
    assert file.exists() == (fault != "gone")


@pytest.mark.thorough
def test_a_version_1_that_was_made_anew_is_not_answered_for_by_the_old_one(
    store: Store, folder: Path, tmp_path: Path, contender: RecencyAlone
) -> None:
    register(store, folder)
    old = find(store, tmp_path, "models:/churn/1").model.manifest
    store.client.delete_registered_model("churn")
    save(folder, contender, horizon_days=30)
    assert register(store, folder) == "1"
    found = find(store, tmp_path, "models:/churn/1")
    assert (old.horizon_days, found.model.manifest.horizon_days) == (91, 30)
    assert found.version == "1"


@pytest.mark.thorough
def test_a_model_that_two_commands_fetch_at_once_is_not_taken_from_the_first(
    store: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(store, folder)
    real, cache = download._model_folder, tmp_path / "cache"
    first: list[int] = []

    def meanwhile(downloaded: Path) -> Path:
        monkeypatch.setattr(download, "_model_folder", real)
        found, _ = download.download(store.uri, "models:/churn/1", cache)
        first.append(found.stat().st_ino)
        return real(downloaded)

    monkeypatch.setattr(download, "_model_folder", meanwhile)
    found, _ = download.download(store.uri, "models:/churn/1", cache)
    assert first == [found.stat().st_ino]


def test_commands_that_remember_a_model_at_once_neither_fail_nor_forget(tmp_path: Path) -> None:
    places = {f"key {n}": tmp_path / str(n) for n in range(40)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: champion._remember(tmp_path, *one), places.items()))
    assert champion._known(tmp_path) == {key: path.name for key, path in places.items()}


def test_a_store_that_is_down_is_not_answered_for_by_another_store(
    store: Store, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    register(store, folder)
    find(store, tmp_path, "models:/churn/1")
    with pytest.raises(TrackingError, match="--model out/model"):
        champion.find("models:/churn/1", uri="http://127.0.0.1:9", cache=tmp_path / "cache")


def test_33_an_edited_loader_is_refused_and_none_of_its_code_runs(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    register(store, folder)
    place = stored(store) / "MLmodel"
    described = yaml.safe_load(place.read_text())
    described["flavors"]["python_function"]["loader_module"] = "evil"
    place.write_text(yaml.safe_dump(described))
    (stored(store) / "code" / "evil.py").write_text("raise SystemExit('code ran')")
    with pytest.raises(UserError, match="names another loader"):
        find(store, tmp_path, "models:/churn@challenger")


def test_a_path_out_of_the_model_is_refused(store: Store, folder: Path, tmp_path: Path) -> None:
    register(store, folder)
    place = stored(store) / "MLmodel"
    described = yaml.safe_load(place.read_text())
    described["flavors"]["python_function"]["artifacts"]["model"]["path"] = str(folder)
    place.write_text(yaml.safe_dump(described))
    with pytest.raises(UserError, match="another place"):
        find(store, tmp_path, "models:/churn@challenger")


def test_a_yaml_tag_in_mlflows_description_builds_no_object(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    register(store, folder)
    place = stored(store) / "MLmodel"
    place.write_text(f"a: !!python/object/apply:os.mkdir ['{tmp_path}/exploded']\n")
    with pytest.raises(UserError, match="not one that"):
        find(store, tmp_path, "models:/churn@challenger")
    assert not (tmp_path / "exploded").exists()


def test_a_model_altered_in_the_store_is_refused_and_not_kept(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    register(store, folder)
    parameters = stored(store) / "artifacts" / "model" / "parameters.json"
    parameters.write_text(parameters.read_text() + " ")
    with pytest.raises(UserError, match="damaged or were altered"):
        find(store, tmp_path, "models:/churn@challenger")
    assert list((tmp_path / "cache" / "churn").iterdir()) == []


def test_a_folder_that_is_no_model_is_not_registered(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match="no manifest"):
        register(store, tmp_path / "other")
    assert compare.trainings(store)[0]["status"] == "FAILED"


def test_the_logged_model_states_its_inputs_outputs_and_pinned_requirements(
    store: Store, folder: Path
) -> None:
    register(store, folder)
    described = yaml.safe_load((stored(store) / "MLmodel").read_text())
    inputs = {c["name"]: c["type"] for c in json.loads(described["signature"]["inputs"])}
    outputs = {c["name"]: c["type"] for c in json.loads(described["signature"]["outputs"])}
    assert inputs == dict.fromkeys(FEATURES, "double")
    assert outputs == dict.fromkeys(("p_churn", "expected_purchases", "expected_spend"), "double")
    pinned = (stored(store) / "requirements.txt").read_text().split()
    assert len(pinned) == len(registry.REQUIREMENTS)
    assert all("==" in line for line in pinned)
    assert not list(stored(store).rglob("*.pkl"))
    description = (stored(store) / "MLmodel").read_text()
    assert str(folder.parent) not in description
    assert str(Path(registry.__file__).parent) not in description


@pytest.mark.thorough
def test_a_tracking_server_keeps_and_hands_out_models_as_a_file_does(
    store: Store,
    folder: Path,
    tmp_path: Path,
    customers: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with light_server.running(store.uri) as address:
        base = address.partition("/#")[0]
        remote = prepare(base, "from afar")
        assert remote.experiment.artifact_location.startswith("mlflow-artifacts:")
        register(remote, folder)
        registry.promote(remote)
        found = champion.find(None, uri=base, cache=tmp_path / "cache")
        with light_server.running(base) as again:
            assert again == address, "a server is shown, not served again"
        assert compare.trainings(remote)[0]["aliases"] == ["challenger", "champion"]
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{base}/health", timeout=2)
    later = champion.find(None, uri=base, cache=tmp_path / "cache")
    assert "no answer" in later.note
    expected = artifact.load(folder).contender.predict(customers)
    for one in (found, later):
        pd.testing.assert_frame_equal(
            one.model.contender.predict(customers), expected, check_exact=True
        )


@pytest.fixture
def server(store: Store, folder: Path) -> Iterator[str]:
    """`mlflow models serve` of the challenger, as a user would start it."""
    import os
    import socket
    import time

    register(store, folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["models", "serve", "-m", "models:/churn@challenger", "--env-manager", "local"]
    with talking(store.uri):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "mlflow", *words, "--port", str(port)],
            # MLflow starts uvicorn by its name, which an activated environment has on the path.
            env={
                **os.environ,
                "MLFLOW_TRACKING_URI": store.uri,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"{address}/ping").close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def ask(address: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"{address}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.mark.thorough
def test_mlflow_serves_one_customer_with_the_numbers_of_our_own_loader(
    server: str, folder: Path, customers: pd.DataFrame
) -> None:
    row = customers.iloc[3].to_dict()
    expected = artifact.load(folder).contender.predict(customers.iloc[[3]])
    answered = pd.DataFrame(ask(server, {"dataframe_records": [row]})["predictions"])
    pd.testing.assert_frame_equal(
        answered, expected.reset_index(drop=True), check_exact=True, check_dtype=False
    )
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(server, {"dataframe_records": [{"frequency": 1.0}]})


@pytest.mark.thorough
def test_the_list_of_models_shows_version_figures_and_parameters(
    store: Store, folder: Path
) -> None:
    """As MLflow's own `register_model` and `log_metric` would leave them."""
    version = register(store, folder)
    (logged,) = store.client.search_logged_models([store.experiment_id])
    linked = json.loads(logged.tags["mlflow.modelVersions"])
    assert linked == [{"name": "churn", "version": version}]
    assert logged.params == {"horizon_days": "91"}
    assert {one.key: one.value for one in logged.metrics} == {"log_loss": 0.4}
    history = store.client.get_metric_history(logged.source_run_id, "log_loss")
    assert len(history) == 1, "a figure is there once"


@pytest.mark.parametrize("tag", [IDENTITY, "as_of"])
def test_a_tag_that_was_altered_in_the_store_is_named(store: Store, folder: Path, tag: str) -> None:
    version = register(store, folder)
    store.client.set_model_version_tag("churn", version, tag, "soon")
    found = registry.describe(store, "churn", version)
    assert found is not None
    with pytest.raises(UserError, match=f"The tag {tag} of version 1 of churn"):
        _ = found.as_of if tag == "as_of" else found.log
    assert [one["version"] for one in compare.trainings(store)] == [version]


@pytest.mark.thorough
def test_a_champion_whose_tags_were_deleted_gives_way_to_no_worse_one_unseen(
    store: Store, folder: Path
) -> None:
    register(store, folder)
    registry.promote(store)
    register(store, folder, log_loss=0.9)
    with talking(store.uri):
        store.client.delete_model_version_tag("churn", "1", IDENTITY)
    with pytest.raises(UserError, match="log_identity of version 1 of churn is gone"):
        promote(store, "churn", asked=True, progress=Progress(quiet=True))
    assert registry.describe(store, "churn", "champion").version == "1"


def test_what_two_make_at_once_is_made(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looked before either of them had made it."""
    from mlflow import MlflowClient

    register(store, folder)
    monkeypatch.setattr(MlflowClient, "search_registered_models", lambda *_, **__: [])
    assert register(store, folder) == "2"
    known = MlflowClient.get_experiment_by_name
    first = iter([None])
    monkeypatch.setattr(
        MlflowClient,
        "get_experiment_by_name",
        lambda self, name: next(first, known(self, name)),
    )
    assert prepare(store.uri).experiment_id == store.experiment_id
