"""What a quantiser of one's own must do, checked on small random vectors."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from safetensors.torch import load, save

from mmctr.content.quantizers.methods import find_method, quantizer_class
from mmctr.content.quantizers.protocol import FitReport, Quantizer
from mmctr.runtime.extensions import NoSettings, raise_problems

_ROWS = 240
_CLUSTERS = 12
_METHOD = "checked"


def check_quantizer(
    quantizer: str | type, options: Mapping[str, Any] | None = None, *, width: int = 32
) -> None:
    """Check a quantiser on small random vectors, in seconds.

    Args:
        quantizer: ``package.module:Class``, a name of
            :data:`~mmctr.content.quantizers.methods.METHODS`, or the class itself.
        options: Its settings, as ``quantization.options`` has them.
        width: Width of the vectors, where it does not take any.

    Raises:
        CheckError: With a sentence on each thing that is wrong.
        ValueError: If there is no such class, or a setting is wrong.

    Example:
        >>> check_quantizer("pq", {"positions": 4, "codebook_size": 8})
    """
    if isinstance(quantizer, str):
        made, settings = quantizer_class(quantizer), find_method(quantizer).params
    else:
        made, settings = quantizer, getattr(quantizer, "Settings", NoSettings)
    check = _Check(made, settings, dict(options or {}), width)
    raise_problems(made.__name__, check.problems)


class _Check:
    """One class, its settings and vectors for it."""

    def __init__(
        self, made: type, settings: type, options: dict[str, Any], width: int
    ) -> None:
        self._made = made
        self._settings = settings
        self._options = options
        self._width = width
        rng = np.random.default_rng(5)
        centers = rng.normal(size=(_CLUSTERS, width))
        rows = centers[rng.integers(0, _CLUSTERS, _ROWS)]
        rows = rows + 0.2 * rng.normal(size=(_ROWS, width))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        self._vectors = rows.astype(np.float32)

    def problems(self) -> Iterator[str]:
        """Sentences on what is wrong."""
        own = self._settings.model_validate(self._options)
        missing = [x for x in ("positions", "codebook_size") if not hasattr(own, x)]
        if missing:
            yield f"Settings has no {' and no '.join(missing)}; both are whole numbers"
            return
        quantizer = self._build()
        given = self._vectors.copy()
        report = quantizer.fit(given)
        if not isinstance(report, FitReport):
            yield f"fit returns {type(report).__name__}, expected FitReport"
        codes = quantizer.encode(given)
        shape = self._shape(quantizer, codes)
        if shape:
            yield shape
            return
        decoded = quantizer.decode(codes)
        if decoded.shape != given.shape or decoded.dtype != np.float32:
            yield (
                f"decode gives {decoded.dtype} {list(decoded.shape)}, expected float32 "
                f"{list(given.shape)}"
            )
            return
        if not np.array_equal(given, self._vectors):
            yield "fit or encode changes the vectors that it is given; copy them"
        yield from self._faithful(decoded)
        yield from self._repeatable(quantizer, codes)
        yield from self._independent(quantizer, codes)
        yield from self._restored(quantizer, codes, decoded)

    def _build(self) -> Quantizer:
        return self._made(
            self._settings.model_validate(self._options),
            method=_METHOD,
            width=self._width,
            seed=7,
            device="cpu",
            show_progress=False,
        )

    def _shape(self, quantizer: Quantizer, codes: np.ndarray) -> str | None:
        expected = (_ROWS, quantizer.positions)
        if codes.shape != expected or codes.dtype != np.int32:
            return (
                f"encode gives {codes.dtype} {list(codes.shape)}, expected int32 "
                f"{list(expected)}: rows and positions"
            )
        low, high = codes.min(), codes.max()
        if low < 1 or high > quantizer.codebook_size:
            return (
                f"codes run from {low} to {high}, expected 1..{quantizer.codebook_size}"
                ", the codebook_size; 0 is padding, so codeword k is k + 1"
            )
        if len(np.unique(codes, axis=0)) == 1:
            return "all vectors have the same codes"
        return None

    def _faithful(self, decoded: np.ndarray) -> Iterator[str]:
        error = np.square(decoded - self._vectors).sum()
        spread = np.square(self._vectors - self._vectors.mean(axis=0)).sum()
        if not error < spread:
            yield (
                "decode(encode(vectors)) is further from the vectors than their mean is"
            )

    def _repeatable(self, quantizer: Quantizer, codes: np.ndarray) -> Iterator[str]:
        if not np.array_equal(quantizer.encode(self._vectors), codes):
            yield "encode gives other codes when it is called again"
        again = self._build()
        again.fit(self._vectors.copy())
        if not np.array_equal(again.encode(self._vectors), codes):
            yield "two fits of one seed give different codes; draw by the seed alone"

    def _independent(self, quantizer: Quantizer, codes: np.ndarray) -> Iterator[str]:
        order = np.random.default_rng(6).permutation(_ROWS)[:40]
        part = quantizer.encode(self._vectors[order])
        alone = [quantizer.encode(self._vectors[row : row + 1]) for row in order[:5]]
        same = np.array_equal(part, codes[order])
        if not same or not np.array_equal(np.concatenate(alone), codes[order[:5]]):
            yield "the codes of a vector depend on the others that are encoded with it"

    def _restored(
        self, quantizer: Quantizer, codes: np.ndarray, decoded: np.ndarray
    ) -> Iterator[str]:
        state = load(save(quantizer.state()))
        try:
            said = json.loads(json.dumps(quantizer.settings()))
        except (TypeError, ValueError) as error:
            yield f"settings() is no JSON: {error}"
            return
        missing = {"method", "width", "seed", "params"} - said.keys()
        if missing:
            yield f"settings() lacks {', '.join(sorted(missing))}"
            return
        if said["method"] != _METHOD:
            yield "settings() names another method than the one it was built with"
        again = self._made(
            self._settings.model_validate(said["params"]),
            method=said["method"],
            width=said["width"],
            seed=said["seed"],
            device="cpu",
        )
        again.load_state(state)
        same = np.array_equal(again.encode(self._vectors), codes)
        if not same or not np.array_equal(again.decode(codes), decoded):
            yield (
                "rebuilt from settings() and state() it gives other codes or vectors; "
                "is something fitted that state() does not hold?"
            )
