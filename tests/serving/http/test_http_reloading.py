"""A new bundle is taken, a damaged one is not, and added items stay."""

import logging
import os
import shutil
from pathlib import Path

import pytest
from http_servers import NEW, new_items

from mmctr import Scorer
from mmctr.runtime.atomic import atomic_folder
from mmctr.serving.errors import BundleError
from mmctr.serving.http.limits import Limits
from mmctr.serving.http.models import NewItems, ScoreRequest
from mmctr.serving.http.observing import Metrics
from mmctr.serving.http.reloading import BundleWatch
from mmctr.serving.http.served import ServedBundle
from mmctr.serving.http.service import Service


@pytest.fixture
def service(path: Path) -> Service:
    """Answers from it."""
    return Service(ServedBundle.load(path, "score"), Limits())


@pytest.fixture
def watch(service: Service, path: Path) -> BundleWatch:
    """Looks at it when a test says so."""
    return BundleWatch(service, Metrics(), path, "score", 60)


def replace(path: Path, by: Path) -> None:
    """Put a copy of a bundle in the place of another."""
    with atomic_folder(path) as part:
        shutil.copytree(by, part, dirs_exist_ok=True)


def add(service: Service, *items: int) -> None:
    service.add_items(NewItems(items=new_items(*items).to_dict("records")))


def test_a_replaced_folder_is_taken_once_it_is_at_rest(service, watch, path, other):
    before = service.bundle
    watch.look()
    assert service.bundle is before
    replace(path, other)
    watch.look()
    assert service.bundle is before
    watch.look()
    assert service.bundle.digest != before.digest
    assert service.n_items == len(before.scorer.items) + 1
    taken = service.bundle
    watch.look()
    assert service.bundle is taken


def test_a_damaged_one_is_refused_once_and_the_old_one_goes_on(
    service, watch, path, caplog
):
    before = service.bundle
    weights = path / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + b"?")
    with caplog.at_level(logging.ERROR):
        for _ in range(4):
            watch.look()
    (line,) = caplog.messages
    assert "refused" in line
    assert "weights.safetensors is damaged" in line
    assert service.bundle is before
    asked = ScoreRequest(history=[1], candidates=before.scorer.items[:3])
    assert len(service.score(asked).scores) == 3
    weights.write_bytes(whole)
    watch.look()
    watch.look()
    assert service.bundle is not before


def test_a_folder_that_is_gone_for_a_while_is_waited_for(service, watch, path, caplog):
    os.replace(path, path.with_name("aside"))
    for _ in range(3):
        watch.look()
    os.replace(path.with_name("aside"), path)
    before = service.bundle
    watch.look()
    watch.look()
    assert service.bundle is before
    assert not caplog.records


def test_a_link_that_points_elsewhere_is_followed(bundle, other, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(bundle)
    service = Service(ServedBundle.load(link, "score"), Limits())
    watch = BundleWatch(service, Metrics(), link, "score", 60)
    (tmp_path / "next").symlink_to(other)
    os.replace(tmp_path / "next", link)
    watch.look()
    watch.look()
    assert NEW in service.bundle.scorer.items


def test_on_request_the_same_folder_is_loaded_again(service, watch):
    before = service.bundle
    watch.ask()
    watch.look()
    assert service.bundle is not before
    assert service.bundle.digest == before.digest


def test_added_items_stay_and_those_of_the_new_bundle_are_its_own(
    service, watch, path, other
):
    add(service, NEW, NEW + 1)
    asked = ScoreRequest(history=[NEW + 1], candidates=[NEW, NEW + 1])
    before = service.score(asked)
    replace(path, other)
    watch.look()
    watch.look()
    assert service.bundle.scorer.items[-2:] == [NEW, NEW + 1]
    assert service.added_items == 1
    assert service.score(asked) == before


def test_items_that_the_new_bundle_can_not_take_are_left_out(
    service, watch, path, other, caplog, monkeypatch
):
    add(service, NEW + 1)
    replace(path, other)

    def refuse(self, items):
        raise ValueError("no such column")

    monkeypatch.setattr(Scorer, "add_items", refuse)
    watch.look()
    watch.look()
    assert service.bundle.scorer.items[-1] == NEW
    assert service.added_items == 0
    assert "1 added items can't be added to the new bundle" in caplog.text


def test_a_folder_that_changes_while_it_is_read_is_read_again(path, other, monkeypatch):
    load, turns = Scorer.load, []

    def slow(folder, **options):
        made = load(folder, **options)
        turns.append(1)
        if len(turns) == 1:
            replace(path, other)
        return made

    monkeypatch.setattr(Scorer, "load", slow)
    made = ServedBundle.load(path, "score")
    assert len(turns) == 2
    assert NEW in made.scorer.items


def test_no_bundle_is_one_sentence(tmp_path):
    with pytest.raises(BundleError, match="manifest.json is missing"):
        ServedBundle.load(tmp_path, "score")
