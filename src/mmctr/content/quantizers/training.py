"""Training of the learned quantisers by Lightning."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import Tensor

from mmctr.content.quantizers.autoencoder import Autoencoder
from mmctr.content.quantizers.method_params import AutoencoderParams
from mmctr.content.quantizers.protocol import FitReport
from mmctr.runtime.device import prepare_device
from mmctr.runtime.lightning import quiet_lightning
from mmctr.runtime.progress_callback import ProgressCallback

_MONITOR = "valid_reconstruction"


@quiet_lightning()
def train_autoencoder(
    network: Autoencoder,
    vectors: Tensor,
    params: AutoencoderParams,
    *,
    name: str,
    seed: int,
    device: torch.device,
    callbacks: Sequence[pl.Callback] = (),
    show_progress: bool = False,
) -> FitReport:
    """Train a network in place until the held-out reconstruction stops improving.

    A random share of the items is held out; where there is one item only, it is trained
    and validated on. The weights of the best epoch are kept. Dropout
    draws from the global torch generator, which the caller seeds.

    Args:
        network: A fresh network, on the CPU.
        vectors: ``[n, width]`` float32 on the CPU, n at least 1.
        params: Optimiser, batches and stopping.
        name: The method, for the bar and for errors.
        seed: Seed of the held-out draw and of the order.
        device: Where to train.
        callbacks: Further Lightning callbacks, such as a clock.
        show_progress: Whether a bar is drawn on stderr.

    Returns:
        Training steps taken, and the best held-out mean squared error.

    Raises:
        ValueError: If training diverges (NaN or infinity).
    """
    prepare_device(device.type, keep_memory=params.keep_memory)
    generator = torch.Generator().manual_seed(seed)
    train, valid = _split(vectors, params.valid_fraction, generator)
    network.prepare(train)
    module = _Training(network, params.learning_rate, name)
    with TemporaryDirectory(prefix=f"mmctr-{name}-") as folder:
        best = ModelCheckpoint(folder, monitor=_MONITOR, save_weights_only=True)
        trainer = pl.Trainer(
            accelerator=device.type,
            devices=1,
            max_epochs=params.max_epochs,
            callbacks=[
                EarlyStopping(_MONITOR, patience=params.patience, check_finite=True),
                best,
                *callbacks,
                ProgressCallback(f"{name}, fit", show=show_progress, metric=_MONITOR),
            ],
            default_root_dir=folder,
            logger=False,
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(
            module,
            _Batches(train, params.batch_size, generator),
            _Batches(valid, params.batch_size),
        )
        weights = torch.load(
            Path(best.best_model_path), map_location="cpu", weights_only=True
        )
        module.load_state_dict(weights["state_dict"])
    return FitReport(
        steps=trainer.global_step, reconstruction=float(best.best_model_score)
    )


class _Training(pl.LightningModule):
    """The training step; the network does the rest."""

    def __init__(self, network: Autoencoder, learning_rate: float, name: str) -> None:
        super().__init__()
        self.network = network
        self._method = name
        self._learning_rate = learning_rate

    def training_step(self, batch: Tensor) -> Tensor:
        return self.network.losses(batch).total

    def validation_step(self, batch: Tensor) -> None:
        reconstruction = self.network.losses(batch).reconstruction
        self.log(_MONITOR, reconstruction, batch_size=len(batch), prog_bar=True)

    def on_validation_epoch_end(self) -> None:
        # Early stopping would end quietly, with the weights of an earlier epoch.
        value = float(self.trainer.callback_metrics[_MONITOR])
        if not math.isfinite(value):
            raise ValueError(
                f"{self._method} diverged in epoch {self.current_epoch + 1}: held-out "
                f"reconstruction is {value}; lower {self._method}.learning_rate "
                f"({self._learning_rate}) or check the scale of the vectors"
            )

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self._learning_rate, fused=True)


class _Batches:
    """Slices of one tensor, in a new order each epoch where a generator is given."""

    def __init__(
        self, vectors: Tensor, size: int, generator: torch.Generator | None = None
    ) -> None:
        self._vectors = vectors
        self._size = size
        self._generator = generator

    def __len__(self) -> int:
        return math.ceil(len(self._vectors) / self._size)

    def __iter__(self) -> Iterator[Tensor]:
        if self._generator is None:
            yield from self._vectors.split(self._size)
            return
        order = torch.randperm(len(self._vectors), generator=self._generator)
        for rows in order.split(self._size):
            yield self._vectors[rows]


def _split(
    vectors: Tensor, fraction: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """A random part for training and one for validation, neither empty."""
    count = len(vectors)
    if count == 1:
        return vectors, vectors
    held_out = min(max(1, round(count * fraction)), count - 1)
    order = torch.randperm(count, generator=generator)
    return vectors[order[held_out:]], vectors[order[:held_out]]
