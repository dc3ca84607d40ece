"""A small server that holds a client to the contract of OpenAI's embeddings API.

It checks what OpenAI checks (key, blank inputs, number of inputs, tokens, dimensions,
format), answers in reversed order with vectors that are a function of the text, and can
misbehave on request.
"""

import base64
import hashlib
import json
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

KEY = "sk-test-4f9a1c77d2e84b0e"
NATIVE_WIDTH = 24
MAX_INPUTS = 2048
MAX_TOKENS_PER_INPUT = 8192
MAX_TOKENS_PER_REQUEST = 300_000

Body = dict[str, Any]


def vector_of(text: str, width: int = NATIVE_WIDTH) -> list[float]:
    """A fixed vector per text, cut to the requested width."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return np.random.default_rng(seed).normal(size=NATIVE_WIDTH)[:width].tolist()


class ContractServer:
    """Counts and checks requests; its fields set how it misbehaves."""

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.keys: list[str | None] = []
        self.failures: list[tuple[int, str]] = []  # status, message; one per request
        self.bad_texts: dict[str, int] = {}  # requests with such a text: the status
        self.error_code: str | None = None
        self.headers = {"retry-after-ms": "1"}  # keeps the SDK's waits short
        self.change: Callable[[Body], Body] = lambda answer: answer
        self.raw_answer: bytes | None = None
        self.content_type = "application/json"
        self.breaks_off = False  # in the middle of the answer
        self.delay_seconds = 0.0
        self.gate: Callable[[int], None] = lambda number: None  # called before answers
        self.in_flight = 0
        self.most_in_flight = 0
        self._lock = threading.Lock()
        handler = type("Handler", (self.handler,), {"contract": self})
        self._server = _QuietServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    @property
    def handler(self) -> "type[Handler]":
        """What answers one request."""
        return Handler

    @property
    def url(self) -> str:
        """The base url a client is given."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def inputs(self) -> list[str]:
        """All texts received, request after request."""
        return [text for body in self.requests for text in body["input"]]

    def stop(self) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, key: str | None, body: Body) -> tuple[int, Body]:
        """One request in, status and answer out."""
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            number = len(self.requests)
            failure = self.failures.pop(0) if self.failures else None
        self.gate(number)
        if failure is not None:
            return failure[0], error_body(failure[1], self.error_code)
        if path != "/v1/embeddings":
            return 404, error_body(f"no such path {path}")
        if key != f"Bearer {KEY}":
            return 401, error_body(f"Incorrect API key provided: {key}")
        bad = [s for text, s in self.bad_texts.items() if text in body["input"]]
        if bad:
            return bad[0], error_body("this text is bad", self.error_code)
        status, answer = embed_body(body)
        if status != 200:
            return status, answer
        return 200, encode(self.change(answer), body)


def embed_body(body: Body) -> tuple[int, Body]:
    """Status and answer of one request for embeddings, vectors as numbers."""
    refusal = _refusal(body)
    if refusal:
        return 400, error_body(refusal)
    width = body.get("dimensions", NATIVE_WIDTH)
    data = [
        {"object": "embedding", "index": i, "embedding": vector_of(text, width)}
        for i, text in enumerate(body["input"])
    ]
    tokens = sum(len(text.split()) for text in body["input"])
    return 200, {
        "object": "list",
        "model": body["model"],
        "data": data[::-1],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _refusal(body: Body) -> str | None:
    texts = body["input"]
    sizes = [len(text.encode()) for text in texts]
    refusals = {
        "input must be an array of 1 to 2048 texts": not 1 <= len(texts) <= MAX_INPUTS,
        "input cannot be an empty string": any(not text.strip() for text in texts),
        "maximum input length is 8192 tokens": max(sizes) > MAX_TOKENS_PER_INPUT,
        "maximum request size is 300000 tokens": sum(sizes) > MAX_TOKENS_PER_REQUEST,
        "unknown encoding_format": body.get("encoding_format", "float")
        not in {"float", "base64"},
        f"dimensions must be 1 to {NATIVE_WIDTH}": not (
            1 <= body.get("dimensions", 1) <= NATIVE_WIDTH
        ),
    }
    return next((text for text, refused in refusals.items() if refused), None)


def encode(answer: Body, body: Body) -> Body:
    """Turn lists of numbers into base64 of float32 if asked; leave anything else."""
    data = answer.get("data")
    if body.get("encoding_format") != "base64" or not isinstance(data, list):
        return answer
    entries = [
        entry | {"embedding": base64.b64encode(np.array(value, "<f4")).decode()}
        if isinstance(value := entry.get("embedding"), list)
        else entry
        for entry in data
    ]
    return answer | {"data": entries}


def error_body(message: str, code: str | None = None) -> Body:
    """What the service says of a refused request."""
    return {"error": {"message": message, "type": "error", "code": code}}


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up (the timeout test) is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    contract: ContractServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # noqa: N802 (the name http.server calls)
        """Answer one request."""
        contract = self.contract
        body = self.read_body()
        with contract._lock:
            contract.in_flight += 1
            contract.most_in_flight = max(contract.most_in_flight, contract.in_flight)
        time.sleep(contract.delay_seconds)
        status, answer = contract.answer(self.path, self.key(), body)
        with contract._lock:
            contract.in_flight -= 1
        content = json.dumps(answer).encode()
        if status == 200 and contract.raw_answer is not None:
            content = contract.raw_answer
        self.send_answer(status, content)

    def key(self) -> str | None:
        """Who asks."""
        return self.headers.get("authorization")

    def read_body(self) -> Body:
        """Read one request."""
        return json.loads(self.rfile.read(int(self.headers["content-length"])))

    def send_answer(self, status: int, content: bytes) -> None:
        """Write one answer."""
        contract = self.contract
        self.send_response(status)
        self.send_header("content-type", contract.content_type)
        self.send_header("content-length", str(len(content)))
        for name, value in contract.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if contract.breaks_off:
            content, self.close_connection = content[: len(content) // 2], True
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep stderr clean."""
