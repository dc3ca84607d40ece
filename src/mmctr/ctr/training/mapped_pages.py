"""A training's memory where its rows and items lie in mapped files."""

from collections.abc import Iterable

import numpy as np
import pytorch_lightning as pl

from mmctr.runtime.mapped_files import RESIDENT, MappedArrays


class MappedPages(pl.Callback):
    """Gives mapped files back when a training has much of them in memory."""

    def __init__(self, arrays: Iterable[np.ndarray]) -> None:
        """Hold the arrays.

        Args:
            arrays: That the training reads, in memory or in mapped files.
        """
        self._mapped = MappedArrays(arrays)

    def on_train_batch_end(self, *_: object) -> None:
        """Look at the memory after a step."""
        self._mapped.drop_pages(over=RESIDENT)

    def on_validation_batch_end(self, *_: object) -> None:
        """Look at the memory after a batch of valid."""
        self._mapped.drop_pages(over=RESIDENT)
