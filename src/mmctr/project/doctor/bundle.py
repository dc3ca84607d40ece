"""``mmctr doctor BUNDLE``: whether a bundle can be used here, and what it holds."""

import time
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from mmctr.data.fields.state import FieldState
from mmctr.project.doctor.findings import Finding, Level
from mmctr.runtime.free_memory import available_memory, peak_memory
from mmctr.runtime.sealed_folder import check_sealed
from mmctr.serving.facts import BundleFacts

_AGAIN = "take a whole copy of it, or make it again: kedro run --pipeline bundle"
_SERVING = ("fastapi", "uvicorn", "prometheus_client")


def examine_bundle(path: Path) -> list[Finding]:
    """Check hashes, versions, the bundle's own requests, memory and content.

    Args:
        path: Its folder, which is only read.

    Returns:
        Findings, in the order of the checks; damaged files end them.
    """
    from mmctr.serving.bundle import Bundle
    from mmctr.serving.errors import BundleError

    try:
        names = check_sealed(path)
        facts = Bundle.load(path).facts
    except BundleError as error:
        return [Finding(Level.ERROR, "files", str(error))]
    except (ValueError, OSError) as error:
        return [Finding(Level.ERROR, "files", f"bundle {path}: {error}", _AGAIN)]
    size = sum((path / name).stat().st_size for name in names)
    return [
        Finding(
            Level.OK,
            "files",
            f"{len(names)}, {_mb(size)}, with the hashes of the manifest",
        ),
        _versions(facts),
        *_requests(path),
        *_content(path, facts),
        _server(),
    ]


def _versions(facts: BundleFacts) -> Finding:
    others = []
    for name, made in facts.versions.items():
        here = _installed(name)
        if here != made:
            others.append(f"{name} {made} made it, here is {here or 'none'}")
    text = ", ".join(f"{name} {own}" for name, own in facts.versions.items())
    if not others:
        return Finding(Level.OK, "versions", text)
    return Finding(
        Level.WARNING,
        "versions",
        "; ".join(others),
        "nothing, if its own requests have their scores below; else install those",
    )


def _requests(path: Path) -> list[Finding]:
    from mmctr.serving.errors import BundleError
    from mmctr.serving.scorer import Scorer

    start = time.perf_counter()
    try:
        scorer = Scorer.load(path)
    except BundleError as error:
        return [Finding(Level.ERROR, "requests", str(error), _AGAIN)]
    seconds = time.perf_counter() - start
    count = len(scorer.sample)
    start = time.perf_counter()
    scorer.rank([], k=1)
    rank = time.perf_counter() - start
    free = available_memory()
    more = "" if free is None else f", {_mb(free)} more available"
    return [
        Finding(Level.OK, "requests", f"{count} of its own have their scores"),
        Finding(Level.OK, "time", f"loaded in {seconds:.1f} s, ranked in {rank:.3f} s"),
        Finding(Level.OK, "memory", f"{_mb(peak_memory())} at most{more}"),
    ]


def _content(path: Path, facts: BundleFacts) -> list[Finding]:
    import pyarrow.parquet as pq

    fields = FieldState.model_validate_json((path / "fields.json").read_text("utf-8"))
    items = pq.read_metadata(path / "items.parquet").num_rows
    events = pq.read_metadata(path / "events.parquet").num_rows
    added = items - facts.trained_items
    named = ", ".join(f"{x.side}.{x.column} ({x.kind})" for x in fields.fields)
    modalities = ", ".join(
        f"{name} ({own.width} numbers)" if own.width else f"{name} (no vectors)"
        for name, own in facts.modalities.items()
    )
    test = facts.metrics.get("test", {})
    shown = ", ".join(
        f"{name} {test[name]:.4f}"
        for name in ("auc", "gauc", "logloss")
        if test.get(name) is not None
    )
    return [
        Finding(
            Level.OK,
            "items",
            f"{items:,}" + (f", {added:,} of them added" if added else ""),
        ),
        Finding(Level.OK, "modalities", modalities or "none"),
        Finding(Level.OK, "fields", named or "none"),
        Finding(Level.OK, "features", ", ".join(facts.features)),
        Finding(Level.OK, "events", f"{events:,} that row statistics count"),
        Finding(Level.OK, "test", shown or "not measured"),
        Finding(Level.OK, "code", f"commit {facts.commit or 'not known'}"),
    ]


def _server() -> Finding:
    missing = [name for name in _SERVING if find_spec(name) is None]
    if not missing:
        return Finding(Level.OK, "server", "can be run: mmctr serve BUNDLE")
    return Finding(
        Level.OK,
        "server",
        f"not installed here ({', '.join(missing)}); pip install 'mmctr[serving]'",
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _mb(number: float) -> str:
    return f"{number / 1e6:,.0f} MB"
