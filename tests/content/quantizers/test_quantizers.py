"""What every quantiser promises."""

import json

import numpy as np
import pytest
import torch
from pydantic import BaseModel, ValidationError
from quantizer_worlds import WIDTH, quantization_params, topic_vectors

from mmctr.content.quantizers.base import BaseQuantizer
from mmctr.content.quantizers.factory import load_quantizer, make_quantizer
from mmctr.content.quantizers.measured_fit import fit_and_measure
from mmctr.content.quantizers.methods import METHODS, QUANTIZER, Method
from mmctr.content.quantizers.params import HealthParams, QuantizationParams, params_of
from mmctr.content.quantizers.protocol import FitReport
from mmctr.ctr.model_params import ModelParams
from mmctr.ctr.params import CtrParams, FeatureParams
from mmctr.experiments.varied_params import VariedParams


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
    monkeypatch.setitem(QUANTIZER.built_in, "sign", entry.target)  # made of METHODS
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
        model=ModelParams(code_entry="prefix"),
    )
    VariedParams.model_construct(
        quantization=params, ctr_modeling=prefixes
    ).require_residual_codes()
    strict = params.model_copy(
        update={"health": HealthParams(min_perplexity_share=0.5)}
    )
    with pytest.raises(ValueError, match="sign collapsed: .* use fewer levels"):
        fit_and_measure(np.abs(vectors), None, strict)


def test_a_method_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(ValidationError, match="use one of rq_kmeans, rq_fsq, pq, .*"):
        QuantizationParams(seed=1, method="residual_kmeans")


def test_absent_or_unknown_method_is_refused():
    with pytest.raises(ValueError, match="name no method"):
        load_quantizer({"method": None}, {})


def test_width_zero_is_refused():
    with pytest.raises(ValueError, match="width 0"):
        make_quantizer(quantization_params("vqvae"), 0)


def test_unknown_parameters_are_refused():
    with pytest.raises(ValidationError, match="levls"):
        QuantizationParams(seed=1, rq_kmeans={"levls": 2})


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
