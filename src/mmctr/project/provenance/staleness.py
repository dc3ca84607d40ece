"""Artifacts that a run with these parameters and inputs would make differently."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kedro.pipeline.node import Node

from mmctr.project.provenance.manifest import Manifest
from mmctr.project.provenance.parameter_scope import named_files, relevant_parameters
from mmctr.runtime.hashing import FileHashes

Hashes = dict[str, str | None] | str | None
"""The hash of an artifact, or those of a source's files by file name."""


@dataclass(frozen=True, order=True)
class Cause:
    """Why an artifact, and everything made from it, is stale.

    Attributes:
        artifact: Its name in the catalog.
        reason: What it was made with, and what is there or asked for now.
        kind: ``unknown`` (no record), ``changed`` (the file is another than the one
            that was saved) or ``other`` (other parameters or inputs).
    """

    artifact: str
    reason: str
    kind: str = "other"


@dataclass
class Lineage:
    """What is made from what, and whether it is stale.

    Attributes:
        producers: The node of every artifact.
        paths: The file of every artifact; those without one are not followed.
        sources: Files that a raw data set reads, by data set and by name.
        parameters: The whole tree, as the run has it.
        manifest: What is known.
        hashes: Of files.
        project: The folder at which relative paths among the parameters start.
        remote: Versions of what a raw data set reads beside files of this machine, by
            data set and by name: remote files, and parameters that no node takes.
    """

    producers: dict[str, Node]
    paths: dict[str, Path]
    sources: dict[str, dict[str, Path]]
    parameters: dict[str, Any]
    manifest: Manifest
    hashes: FileHashes
    project: Path = Path()
    remote: dict[str, dict[str, str]] = field(default_factory=dict)
    _found: dict[str, tuple[Cause, ...]] = field(default_factory=dict)

    def causes(self, name: str) -> tuple[Cause, ...]:
        """Say why an artifact is stale; empty if it is not.

        A reason is given for the first artifact that it concerns, not for those made
        from it. A deleted file is judged by its record.
        """
        if name not in self._found:
            self._found[name] = tuple(dict.fromkeys(self._look(name)))
        return self._found[name]

    def _look(self, name: str) -> list[Cause]:
        node, path = self.producers.get(name), self.paths.get(name)
        if node is None or path is None:
            return []
        entry, there = self.manifest.made.get(name), path.exists()
        if entry is None:
            reason = "there is no record of how it was made"
            return [Cause(name, reason, "unknown")] if there else []
        if there and (changed := self.changed_file(name)):
            file = changed.relative_to(path.parent).as_posix()
            reason = f"{file} is not the file that {entry['node']} saved"
            return [Cause(name, reason, "changed")]
        upstream = {each: self.causes(each) for each in node.inputs}
        now = self.inputs_of(node)
        fitting = {each: value for each, value in now.items() if not upstream.get(each)}
        reasons = [
            *_parameter_reasons(entry["parameters"], self.parameters_of(node)),
            *_input_reasons(entry["inputs"], fitting),
        ]
        begun_before = [cause for causes in upstream.values() for cause in causes]
        return [*begun_before, *(Cause(name, reason) for reason in reasons)]

    def changed_file(self, name: str) -> Path | None:
        """The file of an artifact, or in its folder, that is not the one saved."""
        path, known = self.paths[name], self.manifest.outputs
        found = self.hashes.by_file(name, path)
        if found[name] == known.get(name):
            return None
        files = {x for x in {**known, **found} if x.startswith(f"{name}/")}
        others = sorted(x for x in files if known.get(x) != found.get(x))
        return path / others[0].removeprefix(f"{name}/") if others else path

    def parameters_of(self, node: Node) -> dict[str, Any]:
        """Give the parameters that the outputs of a node depend on."""
        return relevant_parameters(node.name, node.inputs, self.parameters)

    def inputs_of(self, node: Node) -> dict[str, Hashes]:
        """Give hashes of a node's inputs as they are now.

        A file that is gone has the hash that was recorded; of raw ones, None.
        """
        found: dict[str, Hashes] = {}
        for name in node.inputs:
            if name in self.sources:
                files = self.sources[name].items()
                local = {file: self.hashes.hash(path) for file, path in files}
                found[name] = {**local, **self.remote.get(name, {})}
            elif name in self.paths:
                kept = self.manifest.outputs.get(name)
                found[name] = self.hashes.hash(self.paths[name]) or kept
        parameters = self.parameters_of(node)
        for name, path in named_files(parameters, self.project).items():
            found[name] = {str(parameters.get(name, name)): self.hashes.hash(path)}
        return found


def describe_causes(affected: dict[Cause, list[str]]) -> str:
    """Write one line per reason.

    Args:
        affected: The stale artifacts by cause.

    Returns:
        Lines that begin with a dash: the artifact, why it is stale, what depends on it.
    """
    roots: dict[str, set[str]] = {}
    others: dict[str, set[str]] = {}
    for cause, names in affected.items():
        roots.setdefault(cause.reason, set()).add(cause.artifact)
        others.setdefault(cause.reason, set()).update(names)
    lines = []
    for reason, begun in sorted(roots.items(), key=lambda item: sorted(item[1])):
        rest = others[reason] - begun
        tail = f" (made from it: {_some(rest)})" if rest else ""
        lines.append(f"- {_some(begun)}: {reason}{tail}")
    return "\n".join(lines)


def _some(names: set[str]) -> str:
    shown = sorted(names)[:8]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _parameter_reasons(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    # A parameter that only one of them has belongs to another version of the code, or
    # is unused in the other, whose parameter of choice then differs too.
    different = [x for x in now if x in was and was[x] != now[x]]
    return [f"made with {x}={was[x]}, asked now: {x}={now[x]}" for x in different]


def _input_reasons(was: dict[str, Hashes], now: dict[str, Hashes]) -> list[str]:
    reasons = []
    for name, kept in was.items():
        found = now.get(name)
        if isinstance(kept, dict) and isinstance(found, dict):
            files = [
                file
                for file in {**kept, **found}
                # A deleted file can't be mixed with what was made from it.
                if found.get(file) and kept.get(file) != found[file]
            ]
            reasons += [
                f"made from {name} {file} {_short(kept.get(file))}, now "
                f"{_short(found[file])}"
                for file in files
            ]
        elif found and kept != found:
            reasons.append(
                f"made from {name} {_short(kept)}, now {name} is {_short(found)}"
            )
    return reasons


def _short(value: Hashes) -> str:
    return f"sha256 {str(value)[:12]}" if value else "without that file"
