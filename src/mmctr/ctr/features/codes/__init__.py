"""How the codes of an item enter the model: one small file an entry.

An entry is a module built from ``codes [n_items + 1, positions]`` int64 (code + 1, 0
for padding), ``seen [n_items + 1]`` bool (the items of the training rows, none where
weights are going to be loaded) and the model's parameters. It has a ``table``, an
``nn.Embedding`` whose row 0 is padding, a ``width``, and turns ``items [U]`` into
``[U, width]``; zeros for an item without codes.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:  # parameters are checked without torch, which takes a second
    from torch import nn

    from mmctr.ctr.params import DinParams

CODE_ENTRIES = {
    "bag": "CodeBag",
    "positional": "PositionalCodes",
    "concat": "ConcatCodes",
    "prefix": "PrefixCodes",
}
"""Every entry: the name of its file here, which is its name, and that of its class."""


def make_code_entry(
    codes: np.ndarray, seen: np.ndarray, params: "DinParams"
) -> "nn.Module":
    """Build the entry that the parameters name.

    Args:
        codes: ``[n_items + 1, positions]`` int64, code + 1, 0 for padding.
        seen: ``[n_items + 1]`` bool, the items of the training rows.
        params: Name and settings of the entry.

    Raises:
        ValueError: If the entry cannot take such codes.
    """
    file = import_module(f"{__name__}.{params.code_entry}")
    return getattr(file, CODE_ENTRIES[params.code_entry])(codes, seen, params)
