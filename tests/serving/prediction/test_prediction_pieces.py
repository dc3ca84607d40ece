"""Pieces of a log that another process scores, on this machine or a cluster."""

import pytest
from local_clusters import local_nodes
from ray import cloudpickle

from mmctr.data.reading.params import ReadingParams
from mmctr.data.reading.scored_log import ScoredLog
from mmctr.runtime.scale.cluster import connected_cluster
from mmctr.serving.prediction import log_scorer as scoring
from mmctr.serving.prediction.log_scorer import LogScorer
from mmctr.serving.prediction.params import PredictParams
from mmctr.serving.prediction.pieces import PieceScorer
from mmctr.serving.prediction.store import PieceStore


@pytest.fixture
def log_scorer(bundle, project, tmp_path):
    """Scores the log of the run in pieces, by the name of their folder."""

    def of(name, **params):
        log = ScoredLog.open(str(project / "raw"), ReadingParams())
        folder = str(tmp_path / name)
        return LogScorer.of(bundle, log, PredictParams(folder=folder, **params))

    return of


def pieces(scored):
    numbers = range(scored.count)
    store = scored.store
    return [(store.rows(x), store.measured(x), store.counts(x)) for x in numbers]


def test_a_scorer_that_was_sent_gives_the_same(log_scorer):
    scorer = log_scorer("pieces")
    alone = scorer.score()
    sent = cloudpickle.loads(cloudpickle.dumps(PieceScorer(scorer.state, 1.0)))
    requested = scorer._requested(scorer.log.pieces(131_072, 0), scorer._log_rows())
    for number, each in enumerate(requested):
        rows, measured, counts = sent(cloudpickle.loads(cloudpickle.dumps(each)))
        assert rows.equals(alone.store.rows(number))
        assert measured.equals(alone.store.measured(number))
        assert counts == alone.store.counts(number)


def test_a_piece_that_cannot_be_written_ends_the_calls(log_scorer, monkeypatch):
    ended = []

    def calls(*_):
        try:
            yield ("piece",)
        finally:
            ended.append(True)

    def write(*_):
        raise OSError("no room")

    scorer = log_scorer("pieces")
    monkeypatch.setattr(scoring, "call_in_order", calls)
    monkeypatch.setattr(PieceStore, "write", write)
    with pytest.raises(OSError, match="no room") as caught:
        scorer.score()
    # The traceback holds the calls, which nothing else would end yet.
    assert caught.tb is not None
    assert ended == [True]


@pytest.mark.system
def test_two_nodes_give_the_pieces_of_one_process(log_scorer):
    params = {"rows_at_once": 512}
    alone = log_scorer("alone", **params).score()
    assert alone.count > 2
    with local_nodes(2) as (_, scale), connected_cluster(scale) as cluster:
        remote = log_scorer("remote", **params).score(cluster)
    assert pieces(remote) == pieces(alone)
