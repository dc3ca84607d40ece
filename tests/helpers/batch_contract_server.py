"""A small server that holds a client to the contract of OpenAI's files and batches.

Beside the embeddings endpoint it keeps files, checks input files as OpenAI does
(purpose, size, JSON lines, unique ids, one endpoint, one model, numbers of requests and
inputs), moves a batch to its next status with every poll, and can misbehave on request.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any
from urllib.parse import parse_qs, urlsplit

from batch_input_checks import check_input
from embedding_contract_server import (
    KEY,
    Body,
    ContractServer,
    Handler,
    embed_body,
    encode,
    error_body,
)

MAX_FILE_BYTES = 200_000_000

_COUNTS = ("total", "completed", "failed")


@dataclass(frozen=True)
class Trouble:
    """A failure in place of an answer; the request may be carried out all the same."""

    method: str
    part_of_path: str
    status: int = 500
    carried_out: bool = False
    action: Callable[[], object] = lambda: None


@dataclass
class StoredFile:
    """A file as the files API keeps it."""

    id: str
    name: str
    purpose: str
    content: bytes
    created: float = field(default_factory=time.time)

    def describe(self) -> Body:
        """The file object of the API."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": int(self.created),
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
        }


class BatchContractServer(ContractServer):
    """Files and batches beside embeddings.

    Attributes to change: ``hold`` (a status batches stay in), ``fate`` (the status they
    end in), ``share`` (share of the lines done before they end), ``failing`` (lines
    that go to the error file), ``rewrite`` (changes an output file), ``troubles``
    (failures of the next fitting requests), ``can_list``.
    """

    @property
    def handler(self) -> type[Handler]:
        """What answers one request."""
        return _BatchHandler

    def __init__(self) -> None:
        self.files: dict[str, StoredFile] = {}
        self.batches: dict[str, Body] = {}
        self.hold: str | None = None
        self.fate = "completed"
        self.share = 1.0
        self.failing: Callable[[str], bool] = lambda custom_id: False
        self.failing_words = "the model stumbled"
        self.rewrite: Callable[[bytes], bytes] = lambda content: content
        self.troubles: list[Trouble] = []
        self.can_list = True
        self._files_lock = threading.Lock()
        super().__init__()

    @property
    def uploads(self) -> list[StoredFile]:
        """Input files, in the order they came."""
        return [file for file in self.files.values() if file.purpose == "batch"]

    @property
    def uploaded_texts(self) -> list[str]:
        """Texts of all input files."""
        lines = [line for file in self.uploads for line in file.content.splitlines()]
        return [text for line in lines for text in json.loads(line)["body"]["input"]]

    def respond(
        self, method: str, target: str, key: str | None, kind: str, content: bytes
    ) -> tuple[int, bytes]:
        """One request for files or batches in, status and content out."""
        if key != f"Bearer {KEY}":
            return 401, _written(error_body("Incorrect API key provided"))
        path = urlsplit(target).path
        with self._files_lock:
            for trouble in self.troubles:
                if trouble.method == method and trouble.part_of_path in path:
                    break
            else:
                return self._route(method, target, kind, content)
            self.troubles.remove(trouble)
            if trouble.carried_out:
                self._route(method, target, kind, content)
            trouble.action()
            return trouble.status, _written(error_body("trouble"))

    def _route(
        self, method: str, target: str, kind: str, content: bytes
    ) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        answer: tuple[int, Body | bytes]
        match method, *parts.path.removeprefix("/v1/").split("/"):
            case "POST", "files":
                answer = self._upload(kind, content)
            case "POST", "batches":
                answer = self._create(json.loads(content))
            case "GET", "files" if self.can_list:
                answer = 200, _page([f.describe() for f in self.uploads], query)
            case "GET", "batches" if self.can_list:
                answer = 200, _page(list(self.batches.values()), query)
            case "GET", "files", name, "content" if name in self.files:
                answer = 200, self.files[name].content
            case "GET", "batches", name if name in self.batches:
                self._move_on(self.batches[name])
                answer = 200, self.batches[name]
            case _:
                answer = 404, error_body(f"no such object: {method} {parts.path}")
        status, body = answer
        return status, body if isinstance(body, bytes) else _written(body)

    def _upload(self, kind: str, content: bytes) -> tuple[int, Body]:
        parts = message_from_bytes(
            b"content-type: " + kind.encode() + b"\r\n\r\n" + content
        ).get_payload()
        fields: dict[str, Any] = {}
        for part in parts:
            name = part.get_param("name", header="content-disposition")
            fields[name] = part.get_payload(decode=True)
            if name == "file":
                fields["name"] = part.get_filename()
        if fields.get("purpose") != b"batch":
            return 400, error_body("purpose must be batch")
        if not str(fields.get("name")).endswith(".jsonl"):
            return 400, error_body("a batch's file must be a .jsonl file")
        if not 0 < len(fields["file"]) <= MAX_FILE_BYTES:
            return 413, error_body("files hold 1 to 200,000,000 bytes")
        return 200, self._keep(fields["name"], "batch", fields["file"]).describe()

    def _keep(self, name: str, purpose: str, content: bytes) -> StoredFile:
        file = StoredFile(f"file-{len(self.files)}", name, purpose, content)
        self.files[file.id] = file
        return file

    def _create(self, body: Body) -> tuple[int, Body]:
        file = self.files.get(body.get("input_file_id", ""))
        if file is None or file.purpose != "batch":
            return 400, error_body("no input file of purpose batch")
        if body.get("endpoint") != "/v1/embeddings":
            return 400, error_body("endpoint is not supported")
        if body.get("completion_window") != "24h":
            return 400, error_body("completion_window must be 24h")
        now = int(time.time())
        batch = {
            "id": f"batch_{len(self.batches)}",
            "object": "batch",
            "endpoint": body["endpoint"],
            "completion_window": "24h",
            "input_file_id": file.id,
            "status": "validating",
            "created_at": now,
            "expires_at": now + 24 * 3600,
            "metadata": body.get("metadata"),
            "request_counts": dict.fromkeys(_COUNTS, 0),
        }
        self.batches[batch["id"]] = batch
        return 200, batch

    def _move_on(self, batch: Body) -> None:
        """One status further, unless it is held or has ended."""
        status = batch["status"]
        if status == self.hold:
            return
        if status == "validating":
            errors = check_input(self.files[batch["input_file_id"]].content)
            if self.fate == "failed" and not errors:
                errors = [{"code": "token_limit_exceeded", "message": "Enqueued"}]
            if errors:
                batch["status"] = "failed"
                batch["errors"] = {"object": "list", "data": errors}
            else:
                batch["status"] = "in_progress"
        elif status == "in_progress":
            if self.fate in ("expired", "cancelled"):
                self._end(batch, self.fate)
            else:
                batch["status"] = "finalizing"
        elif status == "finalizing":
            self._end(batch, "completed")

    def _end(self, batch: Body, status: str) -> None:
        """Answer the lines and write both files."""
        content = self.files[batch["input_file_id"]].content
        lines = [json.loads(line) for line in content.splitlines()]
        in_time = len(lines) if status == "completed" else int(len(lines) * self.share)
        good, bad = [], []
        for i, line in enumerate(lines):
            answer = {"id": f"batch_req_{i}", "custom_id": line["custom_id"]}
            answer |= {"response": None, "error": None}
            if i >= in_time:
                code, text = f"batch_{status}", "This request could not be executed."
                bad.append(answer | {"error": {"code": code, "message": text}})
                continue
            code, body = embed_body(line["body"])
            body = encode(body, line["body"])
            if self.failing(line["custom_id"]):
                code, body = 500, error_body(self.failing_words)
            answer["response"] = {
                "status_code": code,
                "request_id": f"req_{i}",
                "body": body,
            }
            (good if code == 200 else bad).append(answer)
        batch["request_counts"] = dict(
            zip(_COUNTS, (len(lines), len(good), len(bad)), strict=True)
        )
        if good:
            content = self.rewrite(_json_lines(good))
            batch["output_file_id"] = self._keep("out", "batch_output", content).id
        if bad:
            batch["error_file_id"] = self._keep(
                "errors", "batch_output", _json_lines(bad)
            ).id
        batch["status"] = status


class _BatchHandler(Handler):
    contract: BatchContractServer

    def do_GET(self) -> None:  # noqa: N802 (the name http.server calls)
        """Answer for files and batches."""
        self._respond(b"")

    def do_POST(self) -> None:  # noqa: N802
        """Answer for files, batches and embeddings."""
        if self.path.startswith(("/v1/files", "/v1/batches")):
            size = int(self.headers["content-length"])
            self._respond(self.rfile.read(size))
        else:
            super().do_POST()

    def _respond(self, content: bytes) -> None:
        key = self.headers.get("authorization")
        kind = self.headers.get("content-type", "")
        status, answer = self.contract.respond(
            self.command, self.path, key, kind, content
        )
        self.send_answer(status, answer)


def _written(body: Body) -> bytes:
    return json.dumps(body).encode()


def _json_lines(lines: list[Body]) -> bytes:
    # In another order than they came in, as the service is free to do.
    return "".join(json.dumps(line) + "\n" for line in lines[::-1]).encode()


def _page(objects: list[Body], query: dict[str, list[str]]) -> Body:
    """Newest first, so many a page, after a cursor."""
    objects = objects[::-1]
    after = query.get("after", [None])[0]
    names = [entry["id"] for entry in objects]
    start = names.index(after) + 1 if after in names else 0
    stop = start + int(query.get("limit", ["20"])[0])
    return {
        "object": "list",
        "data": objects[start:stop],
        "has_more": stop < len(objects),
    }
