"""Many clients, for a while: every answer is the scorer's."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from http_servers import post

from benchmarks.serving_http import LoadError, load, questions

CLIENTS = 50
LOAD_SECONDS = 60


def test_fifty_clients_at_once_have_the_scorers_answers(server, own_scorer):
    items = own_scorer.items
    bodies = [
        {"history": items[x : x + 9], "candidates": items[x + 9 : x + 40]}
        for x in range(CLIENTS)
    ]
    expected = [own_scorer.score(**body).tolist() for body in bodies]
    clients = [server.client() for _ in bodies]

    def ask(place: int) -> list[float]:
        found = [post(clients[place], "/score", bodies[place]) for _ in range(3)]
        assert [status for status, _ in found] == [200] * 3
        assert found[0] == found[1] == found[2]
        return found[0][1]["scores"]

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert list(pool.map(ask, range(CLIENTS))) == expected


def test_a_load_tells_of_every_request_and_of_a_wrong_answer(server, own_scorer):
    bodies = questions(own_scorer.items, 5)
    assert json.loads(bodies[0])["candidates"] != json.loads(bodies[1])["candidates"]
    found = load(server.port, bodies, clients=2, seconds=0.3)
    assert found["requests"] >= 2
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
    with pytest.raises(LoadError, match="status 422"):
        load(server.port, [b"{}"], clients=1, seconds=0.1)


@pytest.mark.system
def test_a_load_of_a_minute_has_no_other_answer(server, own_scorer):
    """A failed request, or another answer than the first, would be an error of it."""
    bodies = questions(own_scorer.items, 100)
    found = load(server.port, bodies, clients=8, seconds=LOAD_SECONDS)
    assert found["requests"] >= 8
    assert server.process.poll() is None
