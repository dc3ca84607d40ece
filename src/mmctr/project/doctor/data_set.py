"""Checks of a data set: its inputs, its artifacts, and runs in progress."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from mmctr.data.datasets.raw_log import RawLog
from mmctr.data.fields.params import FieldsParams, Side
from mmctr.data.fields.sampled import guess_columns
from mmctr.project.doctor.findings import Finding, Level
from mmctr.project.own_code import load_own_code
from mmctr.project.params import ProjectParams
from mmctr.project.paths import resolve_path
from mmctr.project.provenance.run_record import stale_by_cause
from mmctr.project.provenance.staleness import Cause, Lineage, describe_causes
from mmctr.runtime.dataset_lock import describe_holders, held_by

KEY_VARIABLE = "OPENAI_API_KEY"

_MANY_KNOWN = 0.5

SAMPLED_ROWS = 20_000
"""Rows of each table that fields are inferred from."""


def check_credentials(params: ProjectParams) -> Finding:
    """Check that a key is set, if one is needed; it is not shown."""
    provider = params.embedding.provider
    if provider != "openai":
        text = f"none needed (embedding.provider={provider})"
        return Finding(Level.OK, "credentials", text)
    if os.environ.get(KEY_VARIABLE):
        return Finding(Level.OK, "credentials", f"{KEY_VARIABLE} is there")
    return Finding(
        Level.ERROR,
        "credentials",
        "embedding.provider=openai needs a key, and there is none",
        f"export {KEY_VARIABLE}=KEY, or conf/local/credentials.yml: "
        '`openai: {api_key: "KEY"}`',
    )


class RawSource(Protocol):
    """What the datasets of raw files tell of them, without reading rows."""

    def files(self) -> dict[str, Path]:
        """Paths of those on this machine; some need not exist."""

    def remote_hashes(self) -> dict[str, str]:
        """Versions of those that are not."""

    def problems(self) -> list[str]:
        """What is wrong with them."""


def check_raw_files(source: RawSource, remedy: str) -> list[Finding]:
    """Compare raw files with what they must look like, by their metadata alone.

    Args:
        source: The dataset that reads them.
        remedy: What to do if they don't.
    """
    if problems := source.problems():
        return [Finding(Level.ERROR, "raw files", "\n".join(problems), remedy)]
    there = sum(path.exists() for path in source.files().values())
    there += len(source.remote_hashes())
    text = f"{there}, with the expected columns and types"
    return [Finding(Level.OK, "raw files", text)]


def check_first_rows(source: RawSource) -> list[Finding]:
    """Look at the times of a log's first rows, and for a label that is none.

    Args:
        source: The dataset that reads it; others than logs have times of one form.
    """
    if not isinstance(source, RawLog):
        return []
    try:
        text = source.describe_times(SAMPLED_ROWS)
    except (OSError, ValueError) as error:
        return [Finding(Level.ERROR, "times", str(error))]
    found = [Finding(Level.OK, "times", f"{text}, by the first rows")]
    if columns := source.possible_labels(SAMPLED_ROWS):
        text = "every row is a click, but one of these may tell clicks from the rest"
        lines = "\n".join([text, *columns])
        found.append(Finding(Level.WARNING, "label", lines))
    return found


def describe_fields(
    source: RawSource, params: FieldsParams, modalities: Mapping[str, str]
) -> list[Finding]:
    """Show what the columns of a log would be as fields, by its first rows.

    Args:
        source: The dataset that reads it; others than logs have no such columns.
        params: Which columns are fields.
        modalities: Column of the items -> the modality that is made of it.
    """
    if not isinstance(source, RawLog):
        return []
    try:
        tables = source.sample(SAMPLED_ROWS)
        sides: dict[str, Side] = {"items": "item", "users": "user"}
        sides["interactions"] = "row"
        rows = {sides[name]: tables[name] for name in sides if name in tables}
        chosen = set(source.params.keep) & set(rows["row"].column_names)
        rows["row"] = rows["row"].drop_columns(sorted(chosen))
        uses = guess_columns(rows, params)
    except (OSError, ValueError) as error:
        return [Finding(Level.WARNING, "fields", str(error))]
    if not uses:
        return [Finding(Level.OK, "fields", "no other columns of items, users, rows")]
    width = max(len(use.column) for use in uses)
    lines = []
    for use in uses:
        kind, why = use.kind or "not used", use.why
        if use.side == "item" and not use.used and use.column in modalities:
            kind, why = "vector", f"the modality {modalities[use.column]}"
        lines.append(f"{use.side:<5}{use.column:<{width + 1}}{kind:<9} {why}")
    head = f"by the first {SAMPLED_ROWS:,} rows of each table"
    return [Finding(Level.OK, "fields", "\n".join([head, *lines]))]


def check_known_users(
    audit: Mapping[str, Any] | None, params: FieldsParams
) -> list[Finding]:
    """Say whether users return, so that the user may be a field.

    Args:
        audit: That of the prepared rows; None before preparation.
        params: Which columns are fields.
    """
    if audit is None or params.user_id:
        return []
    share = audit["test"]["known_user_share"]
    text = f"{share:.1%} of the rows of test are of users that train has"
    remedy = "try --params fields.user_id=true" if share >= _MANY_KNOWN else ""
    return [Finding(Level.OK, "users", text, remedy)]


def check_named_files(params: ProjectParams, project: Path) -> list[Finding]:
    """Check that the files exist that parameters name.

    Args:
        params: Of the run.
        project: The folder at which relative paths start.
    """
    embedding, named = params.embedding, {}
    if embedding.provider == "precomputed":
        named["embedding.precomputed.path"] = embedding.precomputed.path
    if embedding.images.path is not None:
        named["embedding.images.path"] = embedding.images.path
    return [
        Finding(
            Level.ERROR,
            "raw files",
            f"{name}={path} does not exist",
            f"--params {name}=PATH",
        )
        for name, path in named.items()
        if path is not None and not resolve_path(path, project).exists()
    ]


def check_own_code(params: ProjectParams) -> list[Finding]:
    """Import code from elsewhere that parameters name.

    Args:
        params: Of the run.
    """
    try:
        load_own_code(params, ("embedding", "quantization", "ctr_modeling"))
    except ValueError as error:
        return [Finding(Level.ERROR, "own code", str(error), "see docs/extend.md")]
    return []


def check_artifacts(lineage: Lineage, remedy: str) -> list[Finding]:
    """Look for artifacts that no longer fit parameters, inputs or their record.

    Args:
        lineage: What is made from what.
        remedy: The command that makes them again.
    """
    recorded = set(lineage.manifest.made) & set(lineage.paths)
    there = {name for name, path in lineage.paths.items() if path.exists()}
    found = stale_by_cause(lineage, recorded & there, ("changed", "other"))
    findings = []
    for kind, level, text in (
        ("changed", Level.ERROR, "not as they were saved:"),
        ("other", Level.WARNING, "stale:"),
    ):
        causes: dict[Cause, list[str]] = {
            cause: names for cause, names in found.items() if cause.kind == kind
        }
        if causes:
            lines = f"{text}\n{describe_causes(causes)}"
            findings.append(Finding(level, "artifacts", lines, remedy))
    if unknown := sorted(there - recorded):
        causes = {
            Cause(x, "there is no record of how it was made"): [x] for x in unknown
        }
        text = describe_causes(causes)
        findings.append(Finding(Level.WARNING, "artifacts", text, remedy))
    if not findings:
        text = f"{len(there)}, all fitting" if there else "none yet"
        findings.append(Finding(Level.OK, "artifacts", text))
    return findings


def check_lock(folder: Path) -> Finding:
    """Check whether a run is in progress on the data set."""
    holders = held_by(folder)
    if not holders:
        return Finding(Level.OK, "lock", "no run is in progress on this data set")
    who = describe_holders(holders)
    remedy = "wait until it ends, or stop it"
    return Finding(Level.WARNING, "lock", f"a run is in progress: {who}", remedy)
