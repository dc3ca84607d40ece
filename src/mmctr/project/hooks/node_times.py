"""How long each node took, and how much memory: seconds and GB by node."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mmctr.runtime.free_memory import peak_memory


@dataclass(frozen=True)
class PeakMemory:
    """Largest resident sizes in GB: this process's, and that of its largest child."""

    own: float
    child: float

    @classmethod
    def measure(cls) -> "PeakMemory":
        """Measure from the start of the process; children count once they end."""
        return cls(peak_memory() / 1e9, peak_memory(children=True) / 1e9)


@dataclass
class RunTimes:
    """Records nodes as they run.

    A node begins when its first input is loaded and ends when its last output is saved:
    a table in pieces is made while it is saved. Its peak is the process's largest size
    up to its end: the nodes at which it rises are those that need the memory.
    """

    clock: Callable[[], float] = time.perf_counter
    peak: Callable[[], PeakMemory] = PeakMemory.measure
    _begun: dict[str, float] = field(default_factory=dict)
    _nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def begin(self, node: str) -> None:
        """Note the start of a node; later calls for the same node change nothing."""
        if node not in self._begun:
            self._begun[node] = self.clock()

    def reach(self, node: str, pipeline: str) -> None:
        """Note that a node is still running; the last call counts."""
        peak = self.peak()
        self._nodes[node] = {
            "pipeline": pipeline,
            "seconds": round(self.clock() - self._begun[node], 3),
            "peak_gb": round(peak.own, 3),
            "child_peak_gb": round(peak.child, 3),
        }

    def report(self, earlier: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give the record, ready for JSON.

        Args:
            earlier: Record of earlier runs; nodes that did not run now keep theirs.

        Returns:
            ``nodes`` by name in the order of their runs: ``pipeline``, ``seconds``,
            ``peak_gb``, ``child_peak_gb``; and ``last_run``: its ``nodes``,
            ``seconds`` and ``peak_gb``.
        """
        known = (earlier or {}).get("nodes", {})
        kept = {name: node for name, node in known.items() if name not in self._nodes}
        return {
            "nodes": {**kept, **self._nodes},
            "last_run": {
                "nodes": list(self._nodes),
                "seconds": round(sum(x["seconds"] for x in self._nodes.values()), 3),
                "peak_gb": max((x["peak_gb"] for x in self._nodes.values()), default=0),
            },
        }


def describe_total(report: dict[str, Any]) -> str:
    """Write what the last run took.

    Args:
        report: From :meth:`RunTimes.report`.
    """
    last = report["last_run"]
    count = len(last["nodes"])
    return (
        f"{count} {'node' if count == 1 else 'nodes'} in {last['seconds']:,.0f} s, "
        f"{last['peak_gb']:.2f} GB at the most"
    )


def describe_times(report: dict[str, Any]) -> str:
    """Write what the last run took, node by node.

    Args:
        report: From :meth:`RunTimes.report`.

    Returns:
        A line for each pipeline and node, and their total.
    """
    last = report["last_run"]
    nodes = {name: report["nodes"][name] for name in last["nodes"]}
    lines = [f"{'time and memory':36}{'seconds':>9}{'peak GB':>9}"]
    for pipeline in dict.fromkeys(node["pipeline"] for node in nodes.values()):
        own = {n: x for n, x in nodes.items() if x["pipeline"] == pipeline}
        lines.append(_line(f"  {pipeline}", list(own.values())))
        lines += [_line(f"    {name}", [node]) for name, node in own.items()]
    lines.append(f"  {'in all':34}{last['seconds']:>9,.1f}{last['peak_gb']:>9.2f}")
    return "\n".join(lines)


def _line(name: str, nodes: list[dict[str, Any]]) -> str:
    seconds = sum(node["seconds"] for node in nodes)
    peak = max(node["peak_gb"] for node in nodes)
    return f"{name:36}{seconds:>9,.1f}{peak:>9.2f}"
