"""Titles to vectors by a service that speaks OpenAI's embeddings API."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import openai
from tqdm import tqdm

from mmctr.embedders.openai_errors import explain_failure
from mmctr.embedders.packing import cut_text, pack_requests
from mmctr.embedders.params import OpenAIParams
from mmctr.embedders.protocol import EmbeddingError, EmbeddingUsage


class OpenAIEmbedder:
    """The embeddings endpoint of OpenAI or of any service compatible with it.

    The SDK reads the key from ``OPENAI_API_KEY`` and, where ``base_url`` is not set,
    the address from ``OPENAI_BASE_URL``. It also does the retries.
    """

    def __init__(self, params: OpenAIParams, *, show_progress: bool = False) -> None:
        """Prepare a client; nothing is sent yet.

        Args:
            params: Model, width, address, sizes and limits.
            show_progress: Whether a bar is drawn on stderr.

        Raises:
            EmbeddingError: If ``OPENAI_API_KEY`` is missing or no valid key, or the
                address holds a password.
        """
        self._params = params
        self._show_progress = show_progress
        self._usage = EmbeddingUsage(requests=0)
        self._client = _open_client(params)

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts, several requests at a time.

        Args:
            texts: ``n`` texts, none of them blank (one blank text makes the service
                refuse the whole request). A text over 8191 bytes is cut and counted.

        Returns:
            Vectors ``[n, d]`` float32 in the order of ``texts``.

        Raises:
            ValueError: If a text is blank, or there are none.
            EmbeddingError: If a request fails for good or its answer is not complete.
        """
        _check_texts(texts)
        cut = [cut_text(text) for text in texts]
        runs = pack_requests(
            [len(text.encode()) for text in cut], self._params.texts_per_request
        )
        vectors: np.ndarray | None = None
        tokens: list[int | None] = []
        with (
            ThreadPoolExecutor(self._params.concurrency) as pool,
            tqdm(
                total=len(cut),
                desc="Embedding titles",
                unit="title",
                disable=not self._show_progress,
            ) as bar,
        ):
            answers = pool.map(self._request, [cut[run] for run in runs])
            for run, (rows, used) in zip(runs, answers, strict=True):
                if vectors is None:
                    vectors = np.empty((len(cut), rows.shape[1]), dtype=np.float32)
                elif rows.shape[1] != vectors.shape[1]:
                    raise EmbeddingError(
                        f"{self._where()} answered {vectors.shape[1]} wide and later "
                        f"{rows.shape[1]} wide: one model must answer all requests"
                    )
                vectors[run] = rows
                tokens.append(used)
                bar.update(len(rows))
        self._usage = EmbeddingUsage(
            cut_texts=sum(a != b for a, b in zip(texts, cut, strict=True)),
            requests=len(runs),
            tokens=None if None in tokens else sum(t for t in tokens if t is not None),
        )
        return vectors

    def version(self) -> str:
        """Name model, width, address and package."""
        width = self._params.dimensions or "own"
        url = self._client.base_url
        return (
            f"openai/{self._params.model}/width-{width}"
            f"/{url.host}{url.path.rstrip('/')}/openai-{openai.__version__}"
        )

    def usage(self) -> EmbeddingUsage:
        """Say how many texts were cut, requests sent and tokens counted."""
        return self._usage

    def _request(self, texts: list[str]) -> tuple[np.ndarray, int | None]:
        """Send one request and check its answer."""
        failure = None
        try:
            answer = self._client.embeddings.create(
                input=texts,
                model=self._params.model,
                dimensions=self._params.dimensions or openai.omit,
                encoding_format="float",
            )
        except (openai.OpenAIError, ValueError) as error:
            failure = explain_failure(error, self._where(), self._client.api_key)
        if failure is not None:
            # Raised here, not above: a service may repeat the key in its answer, and a
            # chained exception would carry that text into every traceback.
            raise EmbeddingError(failure)
        try:
            rows = _rows_in_order(answer, len(texts), self._params.dimensions)
        except ValueError as error:
            raise EmbeddingError(
                f"{self._where()}: the answer of model {self._params.model} is not "
                f"usable: {error}"
            ) from None
        used = getattr(getattr(answer, "usage", None), "prompt_tokens", None)
        return rows, used if isinstance(used, int) else None

    def _where(self) -> str:
        url = self._client.base_url
        port = "" if url.port is None else f":{url.port}"
        return f"{url.scheme}://{url.host}{port}{url.path.rstrip('/')}"


def _open_client(params: OpenAIParams) -> openai.OpenAI:
    try:
        client = openai.OpenAI(
            base_url=params.base_url,
            timeout=params.timeout_seconds,
            max_retries=params.max_retries,
        )
        key = client.api_key
    except openai.OpenAIError:
        key = ""
    if not key:
        raise EmbeddingError(
            "embedding.provider is openai, but the variable OPENAI_API_KEY is not set: "
            "export your key (any word will do for a local service that asks for none)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        # Refused here, as the HTTP library's own complaint would quote the key.
        raise EmbeddingError(
            "the variable OPENAI_API_KEY holds a space, a line break or a character "
            "that no key has: set it again"
        )
    if client.base_url.userinfo or client.base_url.query:
        raise EmbeddingError(
            "the variable OPENAI_BASE_URL holds a user, a password or a query: write "
            "the address alone, and put the key into OPENAI_API_KEY"
        )
    return client


def _check_texts(texts: Sequence[str]) -> None:
    if not texts:
        raise ValueError("there is no text to embed")
    for position, text in enumerate(texts):
        if not text.strip():
            raise ValueError(
                f"text {position} is blank; the service would refuse all of its "
                "request: leave blank texts out"
            )


def _rows_in_order(answer: Any, n_texts: int, width: int | None) -> np.ndarray:
    """Return ``[n_texts, d]`` float32, placed by the answer's own indices.

    Raises:
        ValueError: If a text has no vector or two, or the width is not one and the
            right one.
    """
    data = getattr(answer, "data", None)
    if not isinstance(data, list):
        raise ValueError("it holds no list of vectors")
    if len(data) != n_texts:
        raise ValueError(f"{len(data)} vectors for {n_texts} texts")
    by_index = {getattr(entry, "index", None): entry for entry in data}
    if by_index.keys() != set(range(n_texts)):
        raise ValueError(f"its indices are not 0..{n_texts - 1}, each once")
    try:
        rows = np.array(
            [by_index[i].embedding for i in range(n_texts)], dtype=np.float64
        )
    except (AttributeError, TypeError, ValueError):
        raise ValueError("its vectors are not numbers, all of one width") from None
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError("its vectors are not rows of numbers")
    if width is not None and rows.shape[1] != width:
        raise ValueError(
            f"vectors are {rows.shape[1]} wide, {width} were asked for; set "
            f"embedding.openai.dimensions to {rows.shape[1]}, or to null"
        )
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if bad.size:
        raise ValueError(f"the vector of index {bad[0]} holds NaN or infinity")
    return rows.astype(np.float32)
