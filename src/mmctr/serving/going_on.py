"""A bundle as what another run goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from mmctr.ctr.params import CtrParams
from mmctr.ctr.training.going_on import Parent
from mmctr.data.fields.params import FieldsParams
from mmctr.data.preparation.params import PreparationParams
from mmctr.data.row_statistics.params import RowStatisticsParams
from mmctr.runtime.hashing import content_hash
from mmctr.runtime.params import Params
from mmctr.runtime.sealed_folder import MANIFEST
from mmctr.serving.bundle import Bundle
from mmctr.serving.errors import BundleError
from mmctr.serving.ids import ItemIds
from mmctr.serving.saving import load_state

PARAMETER = "ctr_modeling.start_from"

_SAME_VECTOR = 1e-3
"""Largest difference, in the median item, between vectors of one embedder."""

_FREE = {
    "ctr_modeling.model.attention_dropout",
    "ctr_modeling.model.dnn_dropout",
    "ctr_modeling.model.field_dropout",
    "preparation.valid_fraction",
    "preparation.test_fraction",
    "preparation.unknown_items",
    "preparation.reading",
    "preparation.seed",
    "row_statistics.rows_at_once",
}
"""Settings that a run may change."""


@dataclass(frozen=True)
class Start:
    """A bundle that a run goes on from.

    Attributes:
        bundle: Its content.
        hash: Of its manifest, and so of all its files.
    """

    bundle: Bundle
    hash: str

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the bundle.

        Raises:
            BundleError: If it is missing, damaged, of another format or has no times.
        """
        bundle = Bundle.load(folder)
        if bundle.facts.dataset_kind is None or bundle.facts.events.valid_from is None:
            raise BundleError(
                f"{PARAMETER}={folder}: rows of a challenge have no times, so it can't "
                "be told which are new; train on all of them from scratch"
            )
        return cls(bundle, content_hash(folder / MANIFEST))

    @property
    def valid_from(self) -> int:
        """First time that its training did not have, unix seconds."""
        return self.bundle.facts.events.valid_from

    @property
    def quantizers(self) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        """Settings and weights of its quantisers, by modality."""
        bundle = self.bundle
        return {
            name: (bundle.quantizer_settings[name], dict(weights))
            for name, weights in bundle.quantizer_weights.items()
        }

    def require_settings(
        self,
        preparation: PreparationParams,
        fields: FieldsParams,
        row_statistics: RowStatisticsParams,
        ctr: CtrParams,
    ) -> None:
        """Refuse other settings of rows, inputs or model than the bundle's.

        The two parts and the form of the files may be others, and statistics that the
        bundle's model does not read.

        Raises:
            ValueError: Naming the first parameter that differs.
        """
        facts = self.bundle.facts
        label, theirs = "preparation.reading.label", facts.preparation
        _require_same("preparation", theirs, preparation)
        _require_same(label, theirs.reading.label, preparation.reading.label)
        _require_same("fields", facts.fields, fields)
        if facts.ctr.features.statistics:
            kinds = {"kinds": facts.row_statistics.kinds}
            own = row_statistics.model_copy(update=kinds)
            _require_same("row_statistics", facts.row_statistics, own)
        _require_same("ctr_modeling.features", facts.ctr.features, ctr.features)
        _require_same("ctr_modeling.model", facts.ctr.model, ctr.model)
        trainings = facts.ctr.training.seeds
        if trainings != ctr.training.seeds:
            raise ValueError(
                f"{PARAMETER}: the bundle has {trainings} trainings, and "
                f"ctr_modeling.training.seeds={ctr.training.seeds}; give the same"
            )

    def require_kind(self, log: Mapping[str, Any]) -> None:
        """Refuse clicks where the bundle had impressions, or the other way round.

        Args:
            log: Of the preparation report.
        """
        kind, clock = self.bundle.facts.dataset_kind, self.bundle.facts.events.clock
        if (log["kind"], log["clock"]) != (kind, clock):
            times = {True: "with times", False: "in order without times"}
            raise ValueError(
                f"{PARAMETER}: the bundle was made of a log of {kind} {times[clock]}, "
                f"and this is one of {log['kind']} {times[log['clock']]}; give the "
                "same log with later rows"
            )

    def require_modalities(self, names: Mapping[str, Any]) -> None:
        """Refuse other modalities than the bundle's, in another order or not."""
        known = self.bundle.facts.modalities
        if list(names) != list(known):
            raise ValueError(
                f"{PARAMETER}: the bundle has the modalities {', '.join(known)}, and "
                f"this run {', '.join(names)}; give the same parameters of embedding"
            )

    def center(self, name: str, width: int) -> np.ndarray:
        """What the bundle subtracted from the vectors of a modality: ``[width]``.

        Raises:
            ValueError: If its vectors have another width.
        """
        own = self.bundle.vectors[name].shape[1]
        if own != width:
            raise ValueError(
                f"{PARAMETER}: {name} vectors of the bundle have {own} numbers, and "
                f"those of this run {width}; embed with the same model, or train anew"
            )
        return self.bundle.centers[name]

    def require_vectors(self, name: str, ids: pa.Array, vectors: np.ndarray) -> None:
        """Refuse vectors that another embedder made.

        Args:
            name: Of the modality.
            ids: ``[n_items]`` in the source's own type.
            vectors: ``[n_items + 1, d]``, finished, of the bundle's width.

        Raises:
            ValueError: If those of the bundle's items are others than its own.
        """
        old = self.bundle.vectors[name]
        numbers = ItemIds(self.bundle.items["original_id"]).numbers(ids)
        known = np.flatnonzero(numbers)
        if not len(known) or not old.shape[1]:
            return
        difference = np.abs(old[numbers[known]] - vectors[known + 1]).max(axis=1)
        if np.median(difference) > _SAME_VECTOR:
            raise ValueError(
                f"{PARAMETER}: {name} vectors of the bundle's items are others in this "
                f"run (by {np.median(difference):.2g} in the median item): they were "
                "made by another model or of other texts. Embed as the bundle did (lsa "
                "knows no new texts), or train anew"
            )

    def parents(self, folder: Path, ids: pa.Array) -> list[Parent]:
        """The models of the bundle, one per training.

        Args:
            folder: Of the bundle; that it gives the scores that it expects is checked.
            ids: ``[n_items]`` of this run's items, in their order.

        Raises:
            BundleError: If the bundle can't be used here.
        """
        state = load_state(folder)
        items = np.append(0, state.ids.numbers(ids))
        in_train = np.append(False, self.bundle.items["in_train"].to_numpy())
        models = state.predictor.members
        return [Parent(model, items, in_train[items]) for model in models]


def _require_same(section: str, theirs: Params, own: Params) -> None:
    """Refuse other parameters; naming the first that differs."""
    ours = own.model_dump()
    for name, value in theirs.model_dump().items():
        if f"{section}.{name}" not in _FREE and ours[name] != value:
            raise ValueError(
                f"{PARAMETER}: the bundle was made with {section}.{name}={value}, and "
                f"this run has {ours[name]}; give the same, or train from scratch"
            )
