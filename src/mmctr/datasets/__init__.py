"""Kedro datasets that no library ships, and the wrapper that makes saves atomic."""

from mmctr.datasets.arrow import ArrowDataset, TablePieces
from mmctr.datasets.atomic import AtomicDataset
from mmctr.datasets.challenge_files import ChallengeFiles, ChallengeSource
from mmctr.datasets.interaction_log import InteractionLog, InteractionSource
from mmctr.datasets.json_file import JsonDataset
from mmctr.datasets.kept_partitions import Keep, KeptPartitions
from mmctr.datasets.missing_partitions import Makers, MissingPartitions
from mmctr.datasets.npy import NpyDataset
from mmctr.datasets.optional import OptionalDataset
from mmctr.datasets.previews import PageDataset
from mmctr.datasets.study import Search, StudyDataset
from mmctr.datasets.zipped_csv import ZippedCsvDataset

__all__ = [
    "ArrowDataset",
    "AtomicDataset",
    "ChallengeFiles",
    "ChallengeSource",
    "InteractionLog",
    "InteractionSource",
    "JsonDataset",
    "Keep",
    "KeptPartitions",
    "Makers",
    "MissingPartitions",
    "NpyDataset",
    "OptionalDataset",
    "PageDataset",
    "Search",
    "StudyDataset",
    "TablePieces",
    "ZippedCsvDataset",
]
