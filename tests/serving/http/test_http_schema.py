"""Requests that schemathesis makes of the server's own schema, good and bad."""

from pathlib import Path

import pytest
import schemathesis
from http_servers import Server
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

# Some hundred requests.
pytestmark = pytest.mark.system

EXAMPLES = 40


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_answers_are_those_of_the_schema_and_none_is_an_error_of_the_server(
    bundle: Path, tmp_path: Path, mode: GenerationMode
):
    asked = set()
    with Server(bundle, tmp_path / "log") as server:
        url = f"http://127.0.0.1:{server.port}/openapi.json"
        schema = schemathesis.openapi.from_url(url)
        for found in schema.get_all_operations():
            operation = found.ok()
            if mode is GenerationMode.NEGATIVE and operation.method == "get":
                continue  # nothing of it can be wrong

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def check(case: Case) -> None:
                # An id may be of the schema's type and not of the bundle's.
                case.call_and_validate(excluded_checks=[positive_data_acceptance])

            check()
            asked.add(operation.path)
        assert server.get("/health")[0] == 200
        assert "Traceback" not in server.log
    assert {"/score", "/rank", "/items"} <= asked
