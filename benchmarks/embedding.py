"""Titles through a loopback embeddings service: what our side of it takes.

``python -m benchmarks.embedding`` embeds as many titles as the challenge has, at 1024
dimensions, through a server that answers at once, and sets beside it a bare client that
sends the same requests and throws the answers away: the difference is our own time.
"""

import argparse
import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from benchmarks.child import Measurement, measure
from benchmarks.embedding_server import serve
from mmctr.content.embedders.cache import EmbeddingCache
from mmctr.content.embedders.embed import embed_texts
from mmctr.content.embedders.errors import DryRun
from mmctr.content.embedders.params import EmbeddingParams

N_TITLES = 91_717
WIDTH = 1024
_CACHE_ROWS = 512
_WORDS = (
    "the of my little big red blue old new best game song film dance cat dog food city "
    "night summer comic king girl boy family train robot music village dream story"
)


def made_up_titles(count: int) -> list[str]:
    """Titles of about 60 bytes, each its own."""
    rng = np.random.default_rng(5)
    words = rng.choice(np.array(_WORDS.split()), (count, 10))
    return [f"{' '.join(row)} {number}" for number, row in enumerate(words)]


def params_for(url: str, cache: Path | None, **changes: object) -> EmbeddingParams:
    """The product's own settings, but for the address."""
    openai = {"base_url": url, "dimensions": WIDTH} | changes
    return EmbeddingParams(provider="openai", cache=cache, openai=openai)


def plan(count: int) -> str:
    """The plan that a dry run prints."""
    try:
        embed_texts(
            made_up_titles(count), params_for("http://127.0.0.1/v1", None, dry_run=True)
        )
    except DryRun as end:
        return end.plan
    raise RuntimeError("the dry run did not end with a plan")


def time_product(url: str, cache: str, count: int) -> Measurement:
    """Embed all titles, then once more from the cache.

    Args:
        url: Base url of the service.
        cache: Path of the cache file; not there yet.
        count: Titles.

    Returns:
        ``seconds`` of the first run and ``again_seconds`` of the second.

    Raises:
        RuntimeError: If the second run's vectors are others, or it sent something.
    """
    titles = made_up_titles(count)
    params = params_for(url, Path(cache))
    start = time.perf_counter()
    vectors, _ = embed_texts(titles, params)
    middle = time.perf_counter()
    first = sha256(vectors).digest()
    del vectors  # a run of the pipeline holds one matrix, not two
    begin_again = time.perf_counter()
    again, report = embed_texts(titles, params)
    end = time.perf_counter()
    if report.sent or sha256(again).digest() != first:
        raise RuntimeError("a second run is not the first one's")
    return {"seconds": middle - start, "again_seconds": end - begin_again}


def time_bare_client(url: str, count: int) -> Measurement:
    """Send the product's requests as it does, and throw the answers away.

    Returns:
        ``seconds`` until the last answer.

    Raises:
        RuntimeError: If the service refuses a request.
    """
    titles = made_up_titles(count)
    settings = params_for(url, None).openai
    fixed = {"model": settings.model, "dimensions": WIDTH, "encoding_format": "base64"}
    bodies = [
        json.dumps({"input": titles[i : i + settings.request_size], **fixed}).encode()
        for i in range(0, count, settings.request_size)
    ]
    address = urlsplit(url)
    local = threading.local()

    def send(body: bytes) -> None:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(address.netloc)
        local.connection.request("POST", f"{address.path}/embeddings", body)
        answer = local.connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"the service answered {answer.status}")
        answer.read()

    start = time.perf_counter()
    with ThreadPoolExecutor(settings.concurrency) as pool:
        list(pool.map(send, bodies))
    return {"seconds": time.perf_counter() - start}


def time_cache(path: str, count: int) -> Measurement:
    """Write the vectors of one request at a time, and read them back.

    Returns:
        ``write_seconds`` and ``read_seconds`` (what is known, then all vectors), and
        ``file_gb``, the file's size in 10^9 bytes.

    Raises:
        RuntimeError: If other vectors come back.
    """
    rng = np.random.default_rng(5)
    keys = [rng.bytes(32) for _ in range(count)]
    vectors = rng.standard_normal((count, WIDTH), dtype=np.float32)
    with EmbeddingCache(Path(path)) as cache:
        start = time.perf_counter()
        for row in range(0, count, _CACHE_ROWS):
            part = slice(row, row + _CACHE_ROWS)
            cache.store(keys[part], vectors[part])
        middle = time.perf_counter()
        known = cache.known(keys)
        loaded = cache.load(keys)
        end = time.perf_counter()
    if len(known) != count or not np.array_equal(loaded, vectors):
        raise RuntimeError("the cache gives other vectors than it was given")
    return {
        "write_seconds": middle - start,
        "read_seconds": end - middle,
        "file_gb": Path(path).stat().st_size / 1e9,
    }


@contextmanager
def loopback_service() -> Iterator[str]:
    """A server in a process of its own, with its base url."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, WIDTH), daemon=True)
    process.start()
    try:
        if not ours.poll(60):
            raise RuntimeError("the loopback server did not start")
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.terminate()
        process.join()


def run(count: int) -> dict[str, Measurement]:
    """Measure each in a process of its own."""
    os.environ["OPENAI_API_KEY"] = "a-key-for-loopback"
    with tempfile.TemporaryDirectory() as folder, loopback_service() as url:
        arguments = {"url": url, "count": count}
        bare = measure("embedding_bare_client", arguments)
        product = measure(
            "embedding_product", arguments | {"cache": f"{folder}/product.sqlite"}
        )
        cache = measure(
            "embedding_cache", {"path": f"{folder}/cache.sqlite", "count": count}
        )
    product["seconds_beyond_server"] = product["seconds"] - bare["seconds"]
    return {"bare client": bare, "product": product, "cache": cache}


def main() -> None:
    """Print the plan, then a line a number."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedding")
    parser.add_argument("--titles", type=int, default=N_TITLES)
    count = parser.parse_args().titles
    if count < 1:
        parser.error("--titles must be at least 1")
    sys.stdout.write(f"{plan(count)}\n\n")
    for part, numbers in run(count).items():
        for name, value in numbers.items():
            sys.stdout.write(f"{part:12} {name:22} {value:9.2f}\n")


if __name__ == "__main__":
    main()
