"""Versions of the trained model in MLflow's registry: `challenger` is new, `champion` scores."""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from mlflow.entities import LoggedModelOutput, Metric
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from features.customer.snapshot import categories
from features.errors import UserError
from pipeline.model_files import artifact
from pipeline.model_files.manifest import Manifest
from pipeline.tracking.download import CHALLENGER, CHAMPION, find
from pipeline.tracking.errors import GateError
from pipeline.tracking.runs import Training
from pipeline.tracking.store import Store, talking, unless_made
from pipeline.tracking.version import FORM, IDENTITY, Version

if TYPE_CHECKING:
    from mlflow.types import Schema

PACKAGES = ("features", "models", "pipeline")
REQUIREMENTS = (
    "mlflow",
    "numpy",
    "pandas",
    "pydantic",
    "pyyaml",
    "scikit-learn",
    "scipy",
    "skops",
    "threadpoolctl",
)
"""What a served model imports; pinned as installed, for MLflow's guess takes long and is wide."""


ALIAS = "churn.alias"
"""Tag of a training: what its version is or was, for the view of all trainings."""

MEASURES = ("log_loss", "roc_auc", "brier", "ece", "buyer_lift_10", "spend_gini", "spend_bias")
"""Measures by which trainings and models are laid beside each other."""

GATED = ("log_loss", "spend_gini")
"""Measures that decide whether a challenger may become champion."""

Gate = Callable[[Version, Version | None], Sequence[str]]
"""Challenger and champion (None while there is none) -> reasons to refuse; none is a yes."""


def register(
    opened: Training,
    folder: Path,
    name: str = "churn",
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
) -> str:
    """Log a model directory and register it as the challenger.

    The directory is logged as it is, within a pyfunc model that MLflow can serve; what is
    registered was loaded and asked once before.

    Returns
    -------
    str
        The number of the version.

    Raises
    ------
    UserError
        When the directory is not what `model_files.artifact.save` wrote, or another training
        has put its model there meanwhile.
    """
    model = artifact.load(folder)
    if model.manifest.run_id not in (None, opened.run_id):
        raise _overtaken()
    client = opened.store.client
    with talking(opened.store.uri):
        version = _made(opened, name) or _make(opened, model, folder, name, tags, description)
        client.set_registered_model_alias(name, CHALLENGER, version)
        client.set_tag(opened.run_id, ALIAS, f"{CHALLENGER} {version}")
        return version


def _made(opened: Training, name: str) -> str | None:
    """The version that this training has already: its recording was cut short after it."""
    found = opened.store.client.search_model_versions(f"run_id = '{opened.run_id}'")
    return next((str(one.version) for one in found if one.name == name), None)


def _make(
    opened: Training,
    model: artifact.Model,
    folder: Path,
    name: str,
    tags: Mapping[str, str] | None,
    description: str | None,
) -> str:
    """Log a model and make a version of it."""
    client = opened.store.client
    outputs = model.contender.predict(ordinary_customer(model.manifest))
    with tempfile.TemporaryDirectory() as scratch:
        logged = client.create_logged_model(
            opened.store.experiment_id,
            name=name,
            source_run_id=opened.run_id,
            params=opened.parameters,
        )
        target = Path(scratch) / "model"
        _save_pyfunc(target, folder, model.manifest, outputs, logged.model_id, opened.run_id)
        (copy,) = (target / "artifacts").iterdir()
        if artifact.verify(copy) != model.manifest:
            raise _overtaken()
        client.log_model_artifacts(logged.model_id, str(target))
    client.finalize_logged_model(logged.model_id, "READY")
    client.log_outputs(opened.run_id, [LoggedModelOutput(logged.model_id, 0)])
    _log_figures(opened, logged.model_id)
    if not client.search_registered_models(f"name = '{name}'"):
        with unless_made():
            client.create_registered_model(name)
    made = client.create_model_version(
        name,
        # By its place: MLflow would look a models:/ address up in the wrong store.
        source=logged.artifact_location,
        run_id=opened.run_id,
        model_id=logged.model_id,
        description=description,
        tags={**_told(model.manifest), **(tags or {})},
    )
    # MLflow's own register_model links them so; its pages show the version beside the model.
    linked = json.dumps([{"name": name, "version": str(made.version)}])
    client.set_logged_model_tags(logged.model_id, {MLFLOW_MODEL_VERSIONS: linked})
    return str(made.version)


def _log_figures(opened: Training, model_id: str) -> None:
    """Show the training's figures and its log beside the model, in MLflow's list of models."""
    client = opened.store.client
    run = client.get_run(opened.run_id)
    given = run.inputs.dataset_inputs if run.inputs else []
    of = next((one.dataset for one in given), None)
    named = {"dataset_name": of.name, "dataset_digest": of.digest} if of else {}
    # As they stand in the run, to the moment: a figure is there once.
    known = [
        Metric(one.key, one.value, one.timestamp, one.step, model_id=model_id, **named)
        for name in MEASURES
        if name in run.data.metrics
        for one in client.get_metric_history(opened.run_id, name)
    ]
    client.log_batch(opened.run_id, known)


def _told(manifest: Manifest) -> dict[str, str]:
    """What a version's tags say of its manifest."""
    return {
        "contender": manifest.contender,
        "horizon_days": str(manifest.horizon_days),
        "model_version": manifest.version,
        "log": manifest.log.name,
        IDENTITY: manifest.log.model_dump_json(),
        FORM: str(manifest.format),
    }


def promote(
    store: Store,
    name: str = "churn",
    version: str | None = None,
    gate: Gate | None = None,
    force: str | None = None,
) -> Version:
    """Make a version the champion, by default the challenger.

    Parameters
    ----------
    gate : callable, optional
        Its reasons against the version stop the promotion.
    force : str, optional
        Why it is promoted all the same; kept as a tag of the version.

    Raises
    ------
    GateError
        With the gate's reasons; nothing has changed then.
    UserError
        When there is no such version.
    """
    with talking(store.uri):
        challenger = describe(store, name, version or CHALLENGER)
        if challenger is None:
            raise UserError(
                f"There is no {f'version {version}' if version else CHALLENGER} of the model "
                f"{name!r}. `churn train` makes one."
            )
        champion = describe(store, name, CHAMPION)
        reasons = list(gate(challenger, champion)) if gate else []
        if reasons and not force:
            raise GateError(
                f"Version {challenger.version} of {name} was not promoted: {'; '.join(reasons)}. "
                'Promote it all the same with --force "reason".'
            )
        noted = {"promoted": datetime.now(UTC).isoformat(timespec="seconds")}
        if champion is not None and champion.version != challenger.version:
            noted["champion_before"] = champion.version
        if force:
            noted["forced"] = force
        for key, value in noted.items():
            store.client.set_model_version_tag(name, challenger.version, key, value)
        store.client.set_registered_model_alias(name, CHAMPION, challenger.version)
        if champion is not None and champion.run_id != challenger.run_id:
            store.client.set_tag(champion.run_id, ALIAS, f"champion before {challenger.version}")
        store.client.set_tag(challenger.run_id, ALIAS, f"{CHAMPION} {challenger.version}")
        return challenger


def describe(store: Store, name: str, version: str) -> Version | None:
    """Look a version up by number or alias; None when there is no such one."""
    with talking(store.uri):
        found = find(store.client, name, version)
        if found is None:
            return None
        figures = {
            measure: {
                datetime.fromtimestamp(step.timestamp / 1000, UTC).date(): float(step.value)
                for step in store.client.get_metric_history(
                    str(found.run_id), f"by_cutoff/{measure}"
                )
            }
            for measure in GATED
        }
        return Version(name, str(found.version), str(found.run_id), dict(found.tags), figures)


def _overtaken() -> UserError:
    return UserError(
        "Another training has put its model into the same folder meanwhile, so this one was not "
        "registered. Train again, with an output.folder of its own."
    )


def ordinary_customer(manifest: Manifest) -> pd.DataFrame:
    """One row of made-up features that any model of churn's can answer for."""
    row: dict[str, object] = dict.fromkeys(manifest.features, 1.0)
    # Two purchases 10 days apart, 20 days ago: possible, as all models demand.
    row |= {"recency": 10.0, "T": 30.0}
    row |= dict.fromkeys(categories(manifest.attributes), "a")
    row |= {f"distinct_{name}": 1.0 for name in manifest.attributes}
    return pd.DataFrame([row])


def _save_pyfunc(
    target: Path,
    folder: Path,
    manifest: Manifest,
    outputs: pd.DataFrame,
    model_id: str,
    run_id: str,
) -> None:
    # Here, where its import's own warnings are kept quiet.
    import mlflow.pyfunc
    from mlflow.models import Model, ModelSignature

    house = Path(artifact.__file__).parents[2]
    inputs = ordinary_customer(manifest)
    mlflow.pyfunc.save_model(
        str(target),
        mlflow_model=Model(run_id=run_id, model_id=model_id),
        python_model=str(Path(__file__).with_name("served.py")),
        artifacts={"model": str(folder)},
        code_paths=[str(house / name) for name in PACKAGES],
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in REQUIREMENTS],
        signature=ModelSignature(_schema(inputs), _schema(outputs)),
        metadata={"model_version": manifest.version, "horizon_days": manifest.horizon_days},
    )
    # MLflow notes where on this machine the files came from; that is nobody's business.
    saved = Model.load(str(target))
    flavor = saved.flavors["python_function"]
    flavor["artifacts"]["model"]["uri"] = folder.name
    flavor["model_code_path"] = Path(flavor["model_code_path"]).name
    saved.save(str(target / "MLmodel"))


def _schema(frame: pd.DataFrame) -> Schema:
    """Numbers as doubles, so that a whole number and a missing one are both at home."""
    from mlflow.types import ColSpec, Schema

    numbers = set(frame.select_dtypes("number").columns)
    return Schema([ColSpec("double" if c in numbers else "string", c) for c in frame.columns])
