"""What made every artifact, written down, and what no longer fits together."""

from mmctr.project.provenance.manifest import Manifest
from mmctr.project.provenance.parameter_scope import relevant_parameters
from mmctr.project.provenance.staleness import Cause, Lineage, describe_causes
from mmctr.project.provenance.versions import code_versions
from mmctr.runtime.hashing import FileHashes, content_hash

__all__ = [
    "Cause",
    "FileHashes",
    "Lineage",
    "Manifest",
    "code_versions",
    "content_hash",
    "describe_causes",
    "relevant_parameters",
]
