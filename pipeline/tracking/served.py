"""The trained model as MLflow serves it: this file is logged beside the model, and run there.

In: one row per customer with the features of the model's catalogue. Out: `p_churn`,
`expected_purchases`, `expected_spend` and the model's diagnostics, the numbers that
`churn score` writes for the same features.
"""

import warnings
from typing import Any

import pandas as pd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns of type hints of its own
    from mlflow.models import set_model
    from mlflow.pyfunc import PythonModel


class ChurnModel(PythonModel):
    """Reads the model directory with churn's own loader and answers row by row."""

    def load_context(self, context: Any) -> None:
        """Check and read the directory that lies among the artifacts."""
        from pipeline.model_files import artifact

        self.model = artifact.load(context.artifacts["model"])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Answer for each row; missing values are NaN or null, missing columns are refused."""
        return self.model.contender.predict(model_input.reset_index(drop=True))


set_model(ChurnModel())
