"""A quantiser of one's own is checked, used and saved; what is wrong is said."""

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel

from mmctr import check_quantizer
from mmctr.content.quantizers.base import BaseQuantizer
from mmctr.content.quantizers.factory import load_quantizer
from mmctr.content.quantizers.item_codes import quantize_items
from mmctr.content.quantizers.params import QuantizationParams
from mmctr.content.quantizers.protocol import FitReport
from mmctr.runtime.extensions import CheckError


class Signs(BaseQuantizer[Any]):
    """Codes of the signs of random projections, of one bit each."""

    class Settings(BaseModel, extra="forbid"):
        positions: int = 6
        codebook_size: int = 2

    def _fit(self, vectors: np.ndarray) -> FitReport:
        rng = np.random.default_rng(self._seed)
        axes = rng.normal(size=(vectors.shape[1], self.positions))
        self.axes = axes.astype(np.float32)
        bits = self._bits(vectors)
        bits = np.c_[bits, np.ones(len(bits))]
        self.back = np.linalg.lstsq(bits, vectors, rcond=None)[0].astype(np.float32)
        decoded = bits @ self.back
        return FitReport(1, float(np.mean((vectors - decoded) ** 2)))

    def _bits(self, vectors: np.ndarray) -> np.ndarray:
        return np.stack([(vectors * axis).sum(1) > 0 for axis in self.axes.T], 1)

    def _encode(self, vectors: np.ndarray, indices: np.ndarray) -> None:
        indices[:] = self._bits(vectors)

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        ones = np.ones(len(indices), np.float32)
        return np.c_[indices, ones].astype(np.float32) @ self.back

    def _state(self) -> dict[str, torch.Tensor]:
        return {x: torch.from_numpy(getattr(self, x)) for x in ("axes", "back")}

    def _load(self, state: dict[str, torch.Tensor]) -> None:
        self.axes, self.back = (state[x].numpy() for x in ("axes", "back"))


def test_it_passes():
    check_quantizer(Signs)
    check_quantizer("test_check_quantizer:Signs", {"positions": 8})


@pytest.mark.parametrize(
    "name", ["rq_kmeans", "pq", pytest.param("fsq", marks=pytest.mark.system)]
)
def test_the_projects_own_pass(name):
    small = {"max_epochs": 2, "batch_size": 64} if name == "fsq" else {}
    sizes = {"rq_kmeans": {"levels": 2}, "pq": {"positions": 4}}.get(name, {})
    check_quantizer(name, small | sizes | ({} if small else {"codebook_size": 8}))


class Mean(Signs):
    """Depends on the batch."""

    def _encode(self, vectors, indices):
        indices[:] = self._bits(vectors - vectors.mean(axis=0))


class Unseeded(Signs):
    """Draws as it likes."""

    def _fit(self, vectors):
        self._seed = None
        return super()._fit(vectors)


class FromZero(Signs):
    """Forgets that 0 is padding."""

    def encode(self, vectors):
        return super().encode(vectors) - 1


class Wide(Signs):
    """Gives int64."""

    def encode(self, vectors):
        return super().encode(vectors).astype(np.int64)


class Flat(Signs):
    """Loses the rows' form."""

    def encode(self, vectors):
        return super().encode(vectors).ravel()


class Forgetful(Signs):
    """Does not store what it decodes with."""

    def _load(self, state):
        super()._load(state)
        self.back = self.back * 2


class Double(Signs):
    """Decodes to float64."""

    def _decode(self, indices):
        return super()._decode(indices).astype(np.float64)


class Astray(Signs):
    """Decodes to something else."""

    def _decode(self, indices):
        return -super()._decode(indices)


class Constant(Signs):
    """Sees no difference."""

    def _encode(self, vectors, indices):
        indices[:] = 1


class Spoiling(Signs):
    """Works in place."""

    def _fit(self, vectors):
        report = super()._fit(vectors)
        vectors *= 2
        return report


class NoReport(Signs):
    """Returns nothing from fit."""

    def fit(self, vectors):
        super().fit(vectors)


class ArraySettings(Signs):
    """Its settings are not JSON."""

    def settings(self):
        return super().settings() | {"axes": self.axes}


class NoSize(Signs):
    """Its settings don't say how large a codebook is."""

    class Settings(BaseModel):
        positions: int = 6


class Failing(Signs):
    """Raises."""

    def _fit(self, vectors):
        raise RuntimeError("out of order")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (Mean, "depend on the others"),
        (Unseeded, "two fits of one seed"),
        (FromZero, "codes run from 0 to 1, expected 1..2"),
        (Wide, r"encode gives int64 \[240, 6\], expected int32"),
        (Flat, r"expected int32 \[240, 6\]"),
        (Forgetful, "rebuilt from settings"),
        (Double, "decode gives float64"),
        (Astray, "further from the vectors than their mean"),
        (Constant, "all vectors have the same codes"),
        (Spoiling, "changes the vectors"),
        (NoReport, "fit returns NoneType, expected FitReport"),
        (ArraySettings, "is no JSON"),
        (NoSize, "Settings has no codebook_size"),
        (Failing, "fails: RuntimeError: out of order"),
    ],
)
def test_what_is_wrong_is_said(wrong, message):
    with pytest.raises(CheckError, match=message):
        check_quantizer(wrong)


def test_it_makes_the_codes_of_a_run_and_comes_back_from_its_artifacts():
    """Named by its module, with options; a modality may have other ones."""
    name = "test_check_quantizer:Signs"
    rows = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    vectors = {"title": np.r_[np.zeros((1, 8), np.float32), rows]}
    vectors["image"] = vectors["title"]
    params = QuantizationParams(
        method=name,
        options={"positions": 5},
        seed=3,
        modalities={"image": {"method": "pq", "pq": {"positions": 2}}},
    )
    cold = np.zeros(60, bool)
    codes, weights, settings, health = quantize_items(vectors, cold, params)
    assert codes["title"].shape == (60, 5)
    assert codes["image"].shape == (60, 2)
    assert (settings["title"]["method"], health["title"]["codebook_size"]) == (name, 2)
    again = load_quantizer(settings["title"], weights["title"])
    np.testing.assert_array_equal(again.encode(rows), codes["title"])
    with pytest.raises(ValueError, match="quantization.options of .*: levels: Extra"):
        _ = params.model_copy(update={"options": {"levels": 2}}).own
