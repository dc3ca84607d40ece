"""The shape of the house: few rooms, short files, pipelines that are wiring."""

from paths import REPOSITORY

HOUSE = REPOSITORY / "src" / "mmctr"
MOST_ENTRIES = 15
MOST_LINES = 300


def test_the_house_has_few_entries():
    entries = {path.name for path in HOUSE.iterdir()} - {"__pycache__"}
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_a_pipeline_holds_nodes_their_wiring_and_at_most_one_more_file():
    wrong = {}
    for package in (HOUSE / "pipelines").glob("*/"):
        files = {path.name for path in package.iterdir()} - {"__pycache__"}
        more = files - {"__init__.py", "nodes.py", "pipeline.py"}
        if len(more) > 1 or not {"nodes.py", "pipeline.py"} <= files:
            wrong[package.name] = sorted(files)
    wrong.pop("__pycache__", None)
    assert wrong == {}


def test_no_file_is_long():
    lengths = {
        str(path.relative_to(HOUSE)): len(path.read_text("utf-8").splitlines())
        for path in HOUSE.rglob("*.py")
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}
