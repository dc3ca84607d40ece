"""An embeddings service that costs next to nothing: its vectors are ready strings."""

import base64
import json
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

_DIFFERENT_VECTORS = 4096


def serve(ready: Connection, width: int) -> None:
    """Serve on a free port of 127.0.0.1 until the process is ended.

    Args:
        ready: Receives the port once the server listens.
        width: Numbers a vector.
    """
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((_DIFFERENT_VECTORS, width), dtype=np.float32)
    handler = type(
        "Handler",
        (_Handler,),
        {"encoded": [base64.b64encode(row.tobytes()).decode() for row in vectors]},
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    ready.send(server.server_port)
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    encoded: list[str]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # noqa: N802 (the name http.server calls)
        """Answer one request."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        entries = [
            f'{{"object":"embedding","index":{index},"embedding":"{self._vector(text)}"}}'
            for index, text in enumerate(body["input"])
        ]
        content = (
            '{"object":"list","model":"m","usage":{"prompt_tokens":1,"total_tokens":1},'
            f'"data":[{",".join(entries)}]}}'
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _vector(self, text: str) -> str:
        return self.encoded[zlib.crc32(text.encode()) % _DIFFERENT_VECTORS]

    def log_message(self, format: str, *args: Any) -> None:
        """Keep stderr clean."""
