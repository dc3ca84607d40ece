"""Checks that a run has all it needs, and what to do where it doesn't."""

from mmctr.project.doctor.findings import Finding, Level, describe_findings
from mmctr.project.doctor.machine import (
    check_device,
    check_disk,
    check_memory,
    check_python,
    check_requirements,
)
from mmctr.project.doctor.project import (
    check_artifacts,
    check_credentials,
    check_lock,
    check_named_files,
    check_raw_files,
)

__all__ = [
    "Finding",
    "Level",
    "check_artifacts",
    "check_credentials",
    "check_device",
    "check_disk",
    "check_lock",
    "check_memory",
    "check_named_files",
    "check_python",
    "check_raw_files",
    "check_requirements",
    "describe_findings",
]
