"""Relative paths start at the project's folder, whatever the working directory."""

from pathlib import Path

from mmctr.content.embedders.params import EmbeddingParams
from mmctr.project.paths import resolve_path, resolve_paths


def test_a_path_is_the_project_s_or_full(tmp_path):
    assert resolve_path("data/x", tmp_path) == tmp_path / "data/x"
    assert resolve_path("/data/x", tmp_path) == Path("/data/x")
    assert resolve_path("~/x", tmp_path) == Path.home() / "x"


def test_paths_of_a_section_become_full_ones(tmp_path):
    (tmp_path / "clip").mkdir()
    (tmp_path / "bundled").mkdir()
    plain = {
        "cache": "cache.sqlite",
        "precomputed": {"path": None},
        "sentence_transformers": {"model": "bundled"},
        "images": {"path": "covers", "model": "clip"},
    }
    full = resolve_paths("embedding", plain, tmp_path)
    assert full == {
        "cache": f"{tmp_path}/cache.sqlite",
        "precomputed": {"path": None},
        "sentence_transformers": {"model": "bundled"},
        "images": {"path": f"{tmp_path}/covers", "model": f"{tmp_path}/clip"},
    }
    assert plain["cache"] == "cache.sqlite"
    typed = resolve_paths("embedding", EmbeddingParams.model_validate(plain), tmp_path)
    assert typed == EmbeddingParams.model_validate(full)
    named = {"images": {"model": "clip-ViT-B-32"}}
    assert resolve_paths("embedding", named, tmp_path) == named
    folder = {"checkpoint": {"folder": "data/kept"}}
    assert resolve_paths("ctr_modeling", folder, tmp_path) == {
        "checkpoint": {"folder": f"{tmp_path}/data/kept"}
    }
