"""How the codes of an item enter the model: one small file per embedding.

A code embedding is a module built from ``codes [n_items + 1, positions]`` int64
(code + 1, 0 for padding), ``seen [n_items + 1]`` bool (the items of the training rows,
all False where weights will be loaded) and the model's parameters. It has a ``table``,
an ``nn.Embedding`` whose row 0 is padding, a ``width``, and turns ``items [U]`` into
``[U, width]``; zeros for an item without codes.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # parameters are checked without torch, which takes a second
    from torch import nn

    from mmctr.ctr.model_params import ModelParams

CODE_EMBEDDINGS = {
    "bag": "CodeBag",
    "positional": "PositionalCodes",
    "concat": "ConcatCodes",
    "prefix": "PrefixCodes",
}
"""Class by name; the name is also that of its file here."""


def make_code_embedding(
    codes: np.ndarray, seen: np.ndarray, params: "ModelParams"
) -> "nn.Module":
    """Build the code embedding that the parameters name.

    Args:
        codes: ``[n_items + 1, positions]`` int64, code + 1, 0 for padding.
        seen: ``[n_items + 1]`` bool, the items of the training rows.
        params: ``code_entry``, and the settings of each.

    Raises:
        ValueError: If it cannot embed such codes.
    """
    file = import_module(f"{__name__}.{params.code_entry}")
    return getattr(file, CODE_EMBEDDINGS[params.code_entry])(codes, seen, params)
