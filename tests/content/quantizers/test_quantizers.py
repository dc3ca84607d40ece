"""What every quantiser promises."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import BaseModel, ValidationError

from mmctr.content.quantizers.base import BaseQuantizer
from mmctr.content.quantizers.factory import load_quantizer, make_quantizer
from mmctr.content.quantizers.measured_fit import fit_and_measure
from mmctr.content.quantizers.methods import METHODS, Method
from mmctr.content.quantizers.params import HealthParams, QuantizationParams, params_of
from mmctr.content.quantizers.protocol import FitReport
from mmctr.ctr.params import CtrParams, DinParams, FeatureParams
from mmctr.experiments.model_params import ModelParams

WIDTH = 12
KMEANS = ["rq_kmeans", "pq"]


def quantization_params(method: str, **changes) -> QuantizationParams:
    """Small settings of every method."""
    own = {
        "rq_kmeans": {"levels": 3, "codebook_size": 8, "iterations": 5},
        "pq": {"positions": 4, "codebook_size": 8, "iterations": 5},
        "vqvae": {
            "hidden": 32,
            "positions": 4,
            "codebook_size": 16,
            "code_width": 4,
            "batch_size": 64,
            "max_epochs": 25,
            "learning_rate": 5e-3,
        },
    }
    trained = {name: own["vqvae"][name] for name in ("batch_size", "max_epochs")}
    trained |= {"hidden": 32, "learning_rate": 5e-3}
    books = {"positions": 4, "codebook_size": 16, "code_width": 4}
    own |= {
        "vqvae_ema": {**trained, **books},
        "rqvae": {**trained, "levels": 3, "codebook_size": 16, "code_width": 6},
        "fsq": {**trained, "positions": 4, "levels": (4, 3)},
        "simvq": {**trained, **books},
    }
    own[method].update(changes)
    return QuantizationParams(method=method, seed=5, device="cpu", **own)


def topic_vectors(count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors around six centres."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, WIDTH))
    vectors = centres[rng.integers(6, size=count)] + 0.3 * rng.normal(
        size=(count, WIDTH)
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


@pytest.fixture(scope="module", params=list(METHODS))
def fitted(request):
    """Each quantiser fitted on the same vectors."""
    quantizer = make_quantizer(quantization_params(request.param), WIDTH)
    vectors = topic_vectors(400)
    return quantizer, vectors, quantizer.fit(vectors)


def test_codes_are_one_based_int32(fitted):
    quantizer, vectors, _ = fitted
    codes = quantizer.encode(vectors)
    assert codes.dtype == np.int32
    assert codes.shape == (len(vectors), quantizer.positions)
    assert codes.min() >= 1
    assert codes.max() <= quantizer.codebook_size


def test_decoding_is_nearer_than_the_mean(fitted):
    quantizer, vectors, _ = fitted
    decoded = quantizer.decode(quantizer.encode(vectors))
    assert decoded.dtype == np.float32
    error = np.square(vectors - decoded).sum()
    assert error < 0.6 * np.square(vectors - vectors.mean(axis=0)).sum()


def test_report_is_of_the_scale_of_the_error(fitted):
    quantizer, vectors, report = fitted
    error = np.square(vectors - quantizer.decode(quantizer.encode(vectors))).mean()
    assert report.steps > 0
    assert report.reconstruction == pytest.approx(error, rel=0.5)


def test_encoding_does_not_depend_on_batch_mates(fitted):
    quantizer, vectors, _ = fitted
    rows = np.concatenate([quantizer.encode(row[None]) for row in vectors[:50]])
    np.testing.assert_array_equal(rows, quantizer.encode(vectors)[:50])


def test_settings_and_state_rebuild_it(fitted):
    quantizer, vectors, _ = fitted
    again = load_quantizer(
        json.loads(json.dumps(quantizer.settings())), quantizer.state()
    )
    codes = quantizer.encode(vectors)
    np.testing.assert_array_equal(again.encode(vectors), codes)
    np.testing.assert_array_equal(again.decode(codes), quantizer.decode(codes))
    assert again.shared_codebook == quantizer.shared_codebook
    assert again.codebook_size == quantizer.codebook_size


def test_state_is_a_copy(fitted):
    quantizer, vectors, _ = fitted
    before = quantizer.encode(vectors)
    for tensor in quantizer.state().values():
        assert tensor.is_contiguous()
        tensor.zero_()
    np.testing.assert_array_equal(quantizer.encode(vectors), before)


@pytest.mark.parametrize("bad", [0, "over"])
def test_codes_outside_the_codebook_are_refused(fitted, bad):
    quantizer, vectors, _ = fitted
    codes = quantizer.encode(vectors[:5])
    codes[3, -1] = 0 if bad == 0 else quantizer.codebook_size + 1
    with pytest.raises(ValueError, match=r"first \[3\]"):
        quantizer.decode(codes)


def test_codes_of_another_shape_or_type_are_refused(fitted):
    quantizer, vectors, _ = fitted
    codes = quantizer.encode(vectors[:5])
    with pytest.raises(ValueError, match=r"expected shape \[n, "):
        quantizer.decode(codes[:, :-1])
    with pytest.raises(ValueError, match="expected integers"):
        quantizer.decode(codes.astype(np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_that_are_not_finite_are_named(fitted, value):
    quantizer, vectors, _ = fitted
    vectors = vectors.copy()
    vectors[[7, 11], 2] = value
    with pytest.raises(ValueError, match=r"2 row\(s\), first \[7, 11\]"):
        quantizer.encode(vectors)
    with pytest.raises(ValueError, match=r"first \[7, 11\]"):
        quantizer.fit(vectors)


def test_vectors_of_another_width_are_refused(fitted):
    quantizer, vectors, _ = fitted
    with pytest.raises(ValueError, match=rf"expected shape \[n, {WIDTH}\]"):
        quantizer.encode(vectors[:, 1:])
    with pytest.raises(ValueError, match="at least one row"):
        quantizer.encode(vectors[:0])


def test_input_is_left_alone(fitted):
    quantizer, vectors, _ = fitted
    before = vectors.copy()
    vectors.setflags(write=False)
    quantizer.encode(vectors)
    np.testing.assert_array_equal(vectors, before)


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_quantizer(method):
    vectors = topic_vectors(150)
    vectors.setflags(write=False)  # a memory map is read-only, too
    first, second = (
        make_quantizer(quantization_params(method), WIDTH) for _ in range(2)
    )
    torch.manual_seed(1)
    first.fit(vectors)
    torch.manual_seed(2)
    second.fit(vectors)
    for name, tensor in first.state().items():
        assert torch.equal(tensor, second.state()[name]), name


@pytest.mark.parametrize("method", METHODS)
def test_global_generators_are_left_alone(method):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    quantizer = make_quantizer(quantization_params(method), WIDTH)
    quantizer.fit(topic_vectors(60))
    load_quantizer(quantizer.settings(), quantizer.state())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_items(method, count):
    quantizer = make_quantizer(quantization_params(method), WIDTH)
    vectors = topic_vectors(count)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    assert codes.min() >= 1
    assert quantizer.decode(codes).shape == vectors.shape


@pytest.mark.parametrize("method", METHODS)
def test_unfitted_is_refused(method):
    quantizer = make_quantizer(quantization_params(method), WIDTH)
    for call in (
        lambda: quantizer.encode(topic_vectors(2)),
        lambda: quantizer.decode(np.ones((2, quantizer.positions), dtype=np.int32)),
        quantizer.state,
    ):
        with pytest.raises(ValueError, match="not fitted"):
            call()


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_another_run_are_refused(method):
    quantizer = make_quantizer(quantization_params(method), WIDTH)
    quantizer.fit(topic_vectors(30))
    state = quantizer.state()
    name = next(name for name, tensor in state.items() if tensor.ndim > 1)
    missing = {key: value for key, value in state.items() if key != name}
    for wrong in (missing, {**state, name: state[name][:, :-1]}):
        with pytest.raises(ValueError, match="one run"):
            load_quantizer(quantizer.settings(), wrong)


class SignParams(BaseModel):
    """Settings of a quantiser of the test's own."""

    positions: int = 2
    codebook_size: int = 2


class Sign(BaseQuantizer[SignParams]):
    """A code per leading number: whether it is positive."""

    def _fit(self, vectors):
        self._length = torch.from_numpy(np.abs(vectors).mean(axis=0))
        return FitReport(steps=1, reconstruction=0.0)

    def _encode(self, vectors, indices):
        indices[:] = vectors[:, : self.positions] > 0

    def _decode(self, indices):
        decoded = np.zeros((len(indices), self._width), np.float32)
        length = self._length.numpy()[: self.positions]
        decoded[:, : self.positions] = (2 * indices - 1) * length
        return decoded

    def _state(self):
        return {"length": self._length}

    def _load(self, state):
        self._length = state["length"]


def test_one_entry_is_all_that_a_new_quantiser_needs(monkeypatch):
    """From parameters to codes, health, files and back; experiments know it as well."""
    entry = Method(f"{__name__}:Sign", SignParams, "signs", residual=True)
    monkeypatch.setitem(METHODS, "sign", entry)
    assert (
        type(make_quantizer(QuantizationParams(seed=1), WIDTH)).__name__ == "RQKMeans"
    )
    params = params_of(METHODS)(method="sign", sign={"positions": 3}, seed=1)
    vectors = topic_vectors(40)
    fitted = fit_and_measure(vectors, None, params)
    assert fitted.codes.shape == (40, 3)
    assert fitted.health["codebook_size"] == 2
    settings_ = json.loads(json.dumps(fitted.quantizer.settings()))
    assert settings_["method"] == "sign"
    again = load_quantizer(settings_, fitted.quantizer.state())
    np.testing.assert_array_equal(again.encode(vectors), fitted.codes)
    prefixes = CtrParams.model_construct(
        features=FeatureParams(content="codes"),
        model=DinParams(code_entry="prefix"),
    )
    ModelParams.model_construct(
        quantization=params, ctr_modeling=prefixes
    ).require_residual_codes()
    strict = params.model_copy(
        update={"health": HealthParams(min_perplexity_share=0.5)}
    )
    with pytest.raises(ValueError, match="sign collapsed: .* use fewer levels"):
        fit_and_measure(np.abs(vectors), None, strict)


def test_a_method_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(ValidationError, match="use one of rq_kmeans, pq, vqvae, .*"):
        QuantizationParams(seed=1, method="residual_kmeans")


def test_absent_or_unknown_method_is_refused():
    with pytest.raises(ValueError, match="None"):
        load_quantizer({"method": None}, {})


def test_width_zero_is_refused():
    with pytest.raises(ValueError, match="width 0"):
        make_quantizer(quantization_params("vqvae"), 0)


def test_unknown_parameters_are_refused():
    with pytest.raises(ValidationError, match="levls"):
        QuantizationParams(seed=1, rq_kmeans={"levls": 2})


def test_kmeans_with_few_different_items_is_exact():
    """A level has no more centroids than there are different items."""
    vectors = np.repeat(topic_vectors(5), 20, axis=0)
    quantizer = make_quantizer(
        quantization_params("rq_kmeans", levels=8, iterations=20), WIDTH
    )
    report = quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    np.testing.assert_allclose(quantizer.decode(codes), vectors, atol=1e-5)
    assert report.reconstruction < 1e-10
    sizes = [len(level) for level in quantizer.state().values()]
    assert max(sizes) <= 5
    assert len(np.unique(codes, axis=0)) == 5


def test_kmeans_error_falls_with_every_level():
    vectors = topic_vectors(300)
    errors = [
        make_quantizer(quantization_params("rq_kmeans", levels=levels), WIDTH)
        .fit(vectors)
        .reconstruction
        for levels in (1, 2, 3, 4)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < 0.8 * errors[0]


@pytest.mark.parametrize("method", KMEANS)
@settings(max_examples=25, deadline=None)
@given(
    vectors=arrays(
        np.float32,
        st.tuples(st.integers(1, 30), st.just(WIDTH)),
        elements=st.floats(-100, 100, width=32),
    )
)
def test_kmeans_takes_any_finite_vectors(method, vectors):
    """Coinciding, zero and few rows: codes within range, never worse than none."""
    quantizer = make_quantizer(quantization_params(method), WIDTH)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    assert 1 <= codes.min() <= codes.max() <= min(8, len(vectors))
    error = np.square(vectors - quantizer.decode(codes), dtype=np.float64).sum()
    spread = np.square(vectors - vectors.mean(axis=0), dtype=np.float64).sum()
    # faiss moves a centroid that it splits by a thousandth; later levels mend it.
    moved = np.square(vectors, dtype=np.float64).sum() * 2e-6 if method == "pq" else 0
    assert error <= spread * 1.001 + 1e-3 + moved


def test_kmeans_codes_are_the_nearest_centroids():
    quantizer = make_quantizer(quantization_params("rq_kmeans"), WIDTH)
    vectors = topic_vectors(200)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    residual = vectors.astype(np.float64)
    for level, centroids in enumerate(quantizer.state().values()):
        table = centroids.numpy()
        distances = np.square(residual[:, None] - table[None]).sum(axis=2)
        np.testing.assert_array_equal(codes[:, level], distances.argmin(axis=1) + 1)
        residual -= table[codes[:, level] - 1]


@pytest.mark.parametrize(
    ("positions", "codebook_size"), [(1, 16), (4, 16), (6, 1024), (12, 16)]
)
def test_pq_codes_are_the_nearest_centroids(positions, codebook_size):
    """Slices of width 12, 3, 2 and 1; codes of 10 bits among them."""
    quantizer = make_quantizer(
        quantization_params("pq", positions=positions, codebook_size=codebook_size),
        WIDTH,
    )
    vectors = topic_vectors(1_500)
    report = quantizer.fit(vectors)
    others = topic_vectors(300, seed=1)
    codes = quantizer.encode(others)
    codebooks = [quantizer.state()[f"centroids_{p}"].numpy() for p in range(positions)]
    slices = others.reshape(len(others), positions, -1).astype(np.float64)
    decoded = quantizer.decode(codes).reshape(slices.shape)
    for position, table in enumerate(codebooks):
        rows = slices[:, position]
        distances = np.square(rows[:, None] - table[None]).sum(axis=2)
        chosen = codes[:, position] - 1
        np.testing.assert_allclose(
            distances[np.arange(len(rows)), chosen], distances.min(axis=1), atol=1e-6
        )
        np.testing.assert_array_equal(decoded[:, position], table[chosen])
    error = np.square(vectors - quantizer.decode(quantizer.encode(vectors))).mean()
    assert report.reconstruction == pytest.approx(error, rel=1e-4)


def test_pq_uses_codes_of_more_than_eight_bits():
    quantizer = make_quantizer(
        quantization_params("pq", positions=6, codebook_size=1024), WIDTH
    )
    vectors = topic_vectors(3_000)
    quantizer.fit(vectors)
    assert quantizer.encode(vectors).max(axis=0).min() > 900


def test_pq_error_falls_with_positions_and_with_codewords():
    # Without topics: k-means of few starts is near its optimum in every slice.
    vectors = np.random.default_rng(0).normal(size=(300, WIDTH)).astype(np.float32)

    def error(**changes) -> float:
        quantizer = make_quantizer(quantization_params("pq", **changes), WIDTH)
        return quantizer.fit(vectors).reconstruction

    by_positions = [error(positions=positions) for positions in (1, 3, 6, 12)]
    assert by_positions == sorted(by_positions, reverse=True)
    assert by_positions[3] < 0.5 * by_positions[0] < 0.5 * vectors.var(axis=0).mean()
    by_size = [error(codebook_size=size) for size in (2, 8, 32)]
    assert by_size == sorted(by_size, reverse=True)


def test_pq_with_few_different_items_tells_them_apart():
    """A slice has no more centroids than there are different items."""
    vectors = np.repeat(topic_vectors(5), 20, axis=0)
    quantizer = make_quantizer(quantization_params("pq", iterations=20), WIDTH)
    quantizer.fit(vectors)
    codes = quantizer.encode(vectors)
    # faiss moves a centroid that it splits by a thousandth.
    np.testing.assert_allclose(quantizer.decode(codes), vectors, rtol=2e-3)
    assert max(len(book) for book in quantizer.state().values()) <= 5
    assert len(np.unique(codes, axis=0)) == 5


@pytest.mark.parametrize("positions", [5, 24])
def test_pq_wants_a_width_that_is_a_multiple_of_the_positions(positions):
    with pytest.raises(ValueError, match=rf"width {WIDTH} .* {positions} equal"):
        make_quantizer(quantization_params("pq", positions=positions), WIDTH)


def test_pq_centroids_of_a_codebook_too_many_are_refused():
    quantizer = make_quantizer(quantization_params("pq"), WIDTH)
    quantizer.fit(topic_vectors(30))
    state = {**quantizer.state(), "centroids_4": torch.zeros(8, 3)}
    with pytest.raises(ValueError, match=r"\['centroids_4'\] .* one run"):
        load_quantizer(quantizer.settings(), state)


@pytest.mark.parametrize("method", ["pq", "vqvae"])
@pytest.mark.parametrize("progress", [False, True])
def test_bars_are_drawn_where_they_are_asked_for(capsys, method, progress):
    params = quantization_params(method)
    params = params.model_copy(update={"progress": progress})
    quantizer, vectors = make_quantizer(params, WIDTH), topic_vectors(80)
    quantizer.fit(vectors)
    quantizer.encode(vectors)
    err = capsys.readouterr().err
    for job in (f"{method}, fit:", f"{method}, encode:"):
        assert (job in err) == progress
