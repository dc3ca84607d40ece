"""Titles of the tests of mode batch, and what their vectors must be."""

import os

import numpy as np
from embedding_contract_server import vector_of

from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.params import EmbeddingParams

TITLES = [f"title number {i}" for i in range(20)]


def expected(titles=TITLES) -> np.ndarray:
    """The server's vectors, of length 1."""
    rows = np.array([vector_of(title, 16) for title in titles])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def assert_right(vectors: np.ndarray, titles=TITLES) -> None:
    """Every title has its own vector."""
    np.testing.assert_allclose(vectors, expected(titles), atol=1e-6)


def embed_in_child(params: EmbeddingParams, environment: dict[str, str]) -> None:
    """What a killed process does."""
    os.environ.update(environment)
    embed_texts(TITLES, params)
