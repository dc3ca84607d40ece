"""The content of a bundle, and its files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError
from safetensors.torch import load_file

from mmctr import __version__
from mmctr.data.fields.log_columns import PUBLISHED
from mmctr.data.fields.state import FieldState
from mmctr.runtime.code_commit import code_commit
from mmctr.runtime.hashing import json_hash
from mmctr.runtime.sealed_folder import check_sealed
from mmctr.serving.errors import BundleError
from mmctr.serving.facts import FORMAT, BundleFacts
from mmctr.serving.reference import Reference

FACTS = "bundle.json"
SETTINGS = b"settings"
"""Key of the settings' hash in the metadata of the requests."""
_ADVICE = "take a whole copy of it, or make it again: kedro run --pipeline bundle"


@dataclass(frozen=True)
class Bundle:
    """Everything that scoring needs.

    Attributes:
        facts: How to rebuild the model, and what it was made of.
        weights: Names to ``torch.Tensor``, calibrations included.
        item_table: Row i is item i, row 0 is padding.
        items: ``original_id`` in the source's own type, ``title``, ``in_train``,
            whether train has the item, and ``published``, its date in days since 1970,
            where ages count from dates; row i is item i + 1.
        vectors: By modality ``[n_items + 1, d]`` float32, row 0 zero.
        centers: By modality ``[d]`` float64, what was subtracted from them.
        quantizer_weights: By modality, those of its quantiser.
        quantizer_settings: By modality.
        fields: What encodes fields.
        events: What row statistics count; without rows if the model has none.
        reference: What rows and scores were like in training.
        sample: Requests with the scores they had: ``item_id`` and ``history`` in the
            source's own ids, what else a row has, and ``probability``.
        card: The model's card.
    """

    facts: BundleFacts
    weights: Mapping[str, Any]
    item_table: pa.Table
    items: pa.Table
    vectors: Mapping[str, np.ndarray]
    centers: Mapping[str, np.ndarray]
    quantizer_weights: Mapping[str, Mapping[str, Any]]
    quantizer_settings: Mapping[str, dict[str, Any]]
    fields: FieldState
    events: pa.Table
    reference: Reference
    sample: pa.Table
    card: str

    @property
    def n_items(self) -> int:
        """Number of items, added ones included."""
        return self.items.num_rows

    @cached_property
    def published(self) -> np.ndarray | None:
        """``[n_items]`` float64 dates in days, NaN where not known; None: no dates."""
        if PUBLISHED not in self.items.column_names:
            return None
        return self.items[PUBLISHED].to_numpy()

    @property
    def settings_hash(self) -> bytes:
        """Of all values in the JSON files, whose meaning hashes of bytes can't guard.

        It is kept with the requests, whose scores were computed under these values.
        """
        values = [
            self.facts.model_dump(mode="json"),
            self.fields.model_dump(mode="json"),
            self.reference.model_dump(mode="json"),
            dict(self.quantizer_settings),
        ]
        return json_hash(values).encode()

    def files(self) -> dict[str, Any]:
        """The files of a bundle, by relative path."""
        return {
            FACTS: self.facts.model_dump(mode="json"),
            "weights.safetensors": self.weights,
            "item_table.parquet": self.item_table,
            "items.parquet": self.items,
            "events.parquet": self.events,
            "sample.parquet": self.sample.replace_schema_metadata(
                {**(self.sample.schema.metadata or {}), SETTINGS: self.settings_hash}
            ),
            "fields.json": self.fields.model_dump(mode="json"),
            "reference.json": self.reference.model_dump(mode="json"),
            "card.md": self.card,
            **{f"vectors/{name}.npy": array for name, array in self.vectors.items()},
            **{f"centers/{name}.npy": array for name, array in self.centers.items()},
            **{
                f"quantizers/{name}.safetensors": own
                for name, own in self.quantizer_weights.items()
            },
            **{
                f"quantizers/{name}.json": own
                for name, own in self.quantizer_settings.items()
            },
        }

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a bundle; vectors are memory maps.

        Raises:
            BundleError: If it is missing, damaged, or of another format.
        """
        if not folder.is_dir():
            raise BundleError(f"{folder} is no folder; expected that of a bundle")
        values: dict[str, Any] = {}
        try:
            check_sealed(folder)
            values = json.loads((folder / FACTS).read_text("utf-8"))
            if values.get("format") != FORMAT:
                raise BundleError(
                    f"bundle {folder} has format {values.get('format')}, and this "
                    f"version of mmctr reads {FORMAT}: install the mmctr that made it, "
                    f"{values.get('versions', {}).get('mmctr')}, or make it again"
                )
            return cls._read(folder, BundleFacts.model_validate(values))
        except BundleError:
            raise
        except ValidationError as error:
            raise BundleError(_made_by_others(folder, values, error)) from error
        except (OSError, ValueError, KeyError, pa.ArrowException) as e:
            why = " ".join(str(e).split())[:300]
            raise BundleError(f"bundle {folder}: {why}; {_ADVICE}") from e

    @classmethod
    def _read(cls, folder: Path, facts: BundleFacts) -> Self:
        names = facts.modalities
        quantizers = folder / "quantizers"
        return cls(
            facts=facts,
            weights=load_file(folder / "weights.safetensors"),
            item_table=pq.read_table(folder / "item_table.parquet"),
            items=pq.read_table(folder / "items.parquet"),
            vectors={name: _array(folder / "vectors", name) for name in names},
            centers={name: _array(folder / "centers", name) for name in names},
            quantizer_weights={
                name: load_file(quantizers / f"{name}.safetensors") for name in names
            },
            quantizer_settings={
                name: json.loads((quantizers / f"{name}.json").read_text("utf-8"))
                for name in names
            },
            fields=FieldState.model_validate_json(
                (folder / "fields.json").read_text("utf-8")
            ),
            events=pq.read_table(folder / "events.parquet"),
            reference=Reference.model_validate_json(
                (folder / "reference.json").read_text("utf-8")
            ),
            sample=pq.read_table(folder / "sample.parquet"),
            card=(folder / "card.md").read_text("utf-8"),
        )


def _made_by_others(
    folder: Path, values: dict[str, Any], error: ValidationError
) -> str:
    """Say that a whole bundle was made by code that had other settings."""
    first = error.errors()[0]
    name = ".".join(str(x) for x in first["loc"])
    made = (values.get("versions", {}).get("mmctr"), values.get("commit"))
    theirs, ours = code_states(*made)
    return (
        f"bundle {folder} was made by another state of the code ({theirs}) than this "
        f"({ours}), which reads its settings differently (of {error.title}, {name}: "
        f"{first['msg']}); make it again: kedro run --pipeline bundle, or use the code "
        "that made it"
    )


def code_states(version: str | None, commit: str | None) -> tuple[str, str]:
    """Name the code that made a bundle, and this one."""
    theirs, ours = (
        f"mmctr {version}, commit {commit or 'not known'}"
        for version, commit in ((version, commit), (__version__, code_commit()))
    )
    return theirs, ours


def _array(folder: Path, name: str) -> np.ndarray:
    path = folder / f"{name}.npy"
    # An array without a number can't be mapped.
    mode = None if _is_empty(path) else "r"
    return np.load(path, mmap_mode=mode, allow_pickle=False)


def _is_empty(path: Path) -> bool:
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        reader = np.lib.format.read_array_header_1_0
        if version != (1, 0):
            reader = np.lib.format.read_array_header_2_0
        return 0 in reader(file)[0]
