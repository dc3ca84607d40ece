"""A bundle as a model of MLflow: python_function, by this file and not by a pickle.

MLflow runs this file when it loads such a model; only then is the package needed.
"""

from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel, PythonModelContext

from mmctr import Scorer

BUNDLE = "bundle"
"""Name of the artifact that is the bundle's folder."""


class BundleModel(PythonModel):
    """Scores the rows of a frame; see :meth:`mmctr.Scorer.score_frame`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the bundle; see :meth:`mmctr.Scorer.load`."""
        self._scorer = Scorer.load(context.artifacts[BUNDLE])

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> np.ndarray:
        """Score rows: ``item_id``, ``history`` and what else there is of them.

        Returns:
            ``[rows]`` float64 click probabilities.
        """
        return self._scorer.score_frame(model_input)


mlflow.models.set_model(BundleModel())
