"""The page of tables is the one that the schemas give."""

import subprocess
import sys

from project_runs import REPOSITORY
from schema_tables import schema_page

from mmctr.data.contracts import CONTRACTS


def test_the_page_of_schemas_is_the_committed_one():
    """``python docs/hooks/schema_tables.py > docs/schemas.md`` writes it anew."""
    written = (REPOSITORY / "docs/schemas.md").read_text()
    assert schema_page() == written
    done = subprocess.run(
        [sys.executable, "docs/hooks/schema_tables.py"],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == written
    for contract in CONTRACTS.values():
        assert f"### {contract.title}\n" in written
        for name in contract.columns:
            assert f"| `{name}` |" in written
