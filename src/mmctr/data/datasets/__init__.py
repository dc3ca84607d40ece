"""Kedro datasets that no library has, and the wrapper that makes saves atomic."""

from mmctr.data.datasets.arrow import ArrowDataset, TablePieces
from mmctr.data.datasets.atomic import AtomicDataset
from mmctr.data.datasets.challenge_files import ChallengeFiles, ChallengeSource
from mmctr.data.datasets.folder import FolderDataset
from mmctr.data.datasets.interaction_log import InteractionLog, LogItemContents
from mmctr.data.datasets.json_file import JsonDataset
from mmctr.data.datasets.log_reports import LogReports, LogReportsDataset
from mmctr.data.datasets.npy import NpyDataset
from mmctr.data.datasets.optional import OptionalDataset
from mmctr.data.datasets.previews import PreviewableTextDataset
from mmctr.data.datasets.raw_item_contents import ItemContents, RawItemContents
from mmctr.data.datasets.result_store import (
    LoadedResults,
    ResultStore,
    ResultStoreDataset,
)
from mmctr.data.datasets.run_history import RunHistoryDataset
from mmctr.data.datasets.scored_bundle import BundleFolder
from mmctr.data.datasets.scored_log import ScoredLogDataset
from mmctr.data.datasets.sealed_folder import SealedFolderDataset
from mmctr.data.datasets.study import StudyDataset, StudyFile, add_checksum
from mmctr.data.datasets.zipped_csv import ZippedCsvDataset

__all__ = [
    "ArrowDataset",
    "AtomicDataset",
    "BundleFolder",
    "ChallengeFiles",
    "ChallengeSource",
    "FolderDataset",
    "InteractionLog",
    "ItemContents",
    "JsonDataset",
    "LogItemContents",
    "LogReports",
    "LogReportsDataset",
    "NpyDataset",
    "OptionalDataset",
    "PreviewableTextDataset",
    "RawItemContents",
    "LoadedResults",
    "ResultStore",
    "ResultStoreDataset",
    "RunHistoryDataset",
    "ScoredLogDataset",
    "SealedFolderDataset",
    "StudyDataset",
    "StudyFile",
    "TablePieces",
    "ZippedCsvDataset",
    "add_checksum",
]
