"""What OpenAI's Batch API checks of an input file."""

import json

from embedding_contract_server import Body

MAX_REQUESTS = 50_000
MAX_INPUTS = 50_000


def check_input(content: bytes) -> list[Body]:
    """Errors of an input file, as a failed batch reports them."""
    seen: set[str] = set()
    models: set[str] = set()
    inputs = 0
    errors = []
    lines = content.decode().splitlines()
    for number, text in enumerate(lines, start=1):
        code = None
        try:
            line = json.loads(text)
            body = line["body"]
            inputs += len(body["input"])
            models.add(body["model"])
            if not isinstance(line["custom_id"], str) or line["custom_id"] in seen:
                code = "duplicate_custom_id"
            elif line["method"] != "POST" or line["url"] != "/v1/embeddings":
                code = "invalid_url"
            elif len(models) > 1:
                code = "mismatched_model"
            seen.add(line["custom_id"])
        except (ValueError, KeyError, TypeError):
            code = "invalid_json_line"
        if code:
            errors.append(
                {"code": code, "message": "not as it must be", "line": number}
            )
    if not lines:
        errors.append({"code": "empty_file", "message": "no request"})
    if len(lines) > MAX_REQUESTS:
        errors.append({"code": "too_many_tasks", "message": "over 50,000 requests"})
    if inputs > MAX_INPUTS:
        errors.append({"code": "too_many_inputs", "message": "over 50,000 inputs"})
    return errors
