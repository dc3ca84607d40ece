"""Answers over HTTP are the scorer's, bit for bit."""

import json
import re

from http_servers import post


def test_scores_are_those_of_the_scorer(server, own_scorer):
    history, candidates = own_scorer.items[:4], own_scorer.items[4:40]
    status, found = server.post(
        "/score", {"history": history, "candidates": candidates}
    )
    assert status == 200
    assert found["scores"] == own_scorer.score(history, candidates).tolist()
    assert found["unknown"] == {"history": 0, "candidates": [], "fields": []}


def test_user_and_row_matter_and_what_is_unknown_is_said(server, own_scorer):
    history, candidates = own_scorer.items[:3], own_scorer.items[4:6]
    row = {"likes_level": [1, 9], "views_level": 3, "timestamp": 1_700_000_000}
    body = {
        "history": [*history, 10**9],
        "candidates": [*candidates, 10**9],
        "user": {"user_id": 3, "age": 7},
        "row": {**row, "likes_level": [1, 9, 0], "nothing": [1, None]},
        "as_of": 1_700_000_000,
    }
    status, found = server.post("/score", body)
    assert status == 200, found
    assert found["unknown"] == {
        "history": 1,
        "candidates": [10**9],
        "fields": ["user.age", "row.nothing"],
    }
    expected = own_scorer.score(
        body["history"],
        body["candidates"],
        {"user_id": 3},
        {**row, "likes_level": [1, 9, 0]},
        body["as_of"],
    )
    assert found["scores"] == expected.tolist()


def test_ranking_is_that_of_the_scorer(server, own_scorer):
    history = [*own_scorer.items[:4], 10**9]
    status, found = server.post("/rank", {"history": history, "k": 5})
    pairs = [(x["item_id"], x["score"]) for x in found["items"]]
    assert (status, pairs) == (200, own_scorer.rank(history, k=5))
    assert found["unknown"]["history"] == 1
    among = [*own_scorer.items[7:20], 10**9]
    _, found = server.post("/rank", {"history": history, "candidates": among, "k": 3})
    pairs = [(x["item_id"], x["score"]) for x in found["items"]]
    assert pairs == own_scorer.rank(history, 3, among)
    assert found["unknown"]["candidates"] == [10**9]


def test_the_root_leads_to_the_page_of_all_paths(server):
    client = server.client()
    client.request("GET", "/")
    answer = client.getresponse()
    assert (answer.status, answer.headers["Location"]) == (307, "/docs")
    assert server.get("/docs")[0] == 200


def test_nothing_to_score_is_no_error(server):
    assert server.post("/score", {"history": [], "candidates": []})[1]["scores"] == []
    assert server.post("/rank", {"history": [], "candidates": []})[1]["items"] == []


def test_the_examples_of_the_page_work(server):
    status, page = server.get("/openapi.json")
    assert status == 200
    for path in ("/score", "/rank"):
        body = json.loads(page)["paths"][path]["post"]["requestBody"]
        (example,) = body["content"]["application/json"]["schema"]["examples"]
        status, found = server.post(path, example)
        assert status == 200
        assert found["unknown"] == {"history": 0, "candidates": [], "fields": []}
    assert server.get("/docs")[0] == 200


def test_health_and_model_say_what_answers(server, own_scorer):
    _, health = server.get("/health")
    _, model = server.get("/model")
    health, model = json.loads(health), json.loads(model)
    assert health["status"] == "ok"
    assert health["items"] == model["items"] == len(own_scorer.items)
    assert re.fullmatch(r"[0-9a-f]{64}", health["bundle"])
    assert model["bundle"] == health["bundle"]
    assert model["card"] == own_scorer.card
    assert model["item_ids"] == "integer"
    assert model["limits"]["candidates"] == 300


def test_numbers_for_prometheus_count_requests_and_unknown_parts(server, own_scorer):
    def number(name: str) -> float:
        found = re.search(
            rf"^{re.escape(name)} (\S+)$", server.get("/metrics")[1], re.M
        )
        return float(found[1]) if found else 0

    names = (
        'mmctr_requests_total{path="/score",status="200"}',
        'mmctr_requests_total{path="/score",status="422"}',
        'mmctr_requests_total{path="other",status="404"}',
        'mmctr_request_seconds_count{path="/score"}',
        'mmctr_unknown_total{what="history"}',
        'mmctr_unknown_total{what="candidates"}',
    )
    before = [number(x) for x in names]
    body = {"history": [10**9], "candidates": [own_scorer.items[0], 10**9, 10**9 + 1]}
    client = server.client()
    assert post(client, "/score", body)[0] == 200
    assert post(client, "/score", {})[0] == 422
    assert post(client, "/secret/path", {})[0] == 404
    assert [number(x) - b for x, b in zip(names, before, strict=True)] == [
        *(1, 1, 1, 2, 1, 2)
    ]
    health = json.loads(server.get("/health")[1])
    assert number(f'mmctr_bundle_info{{sha256="{health["bundle"]}"}}') == 1
    assert number("mmctr_items") == health["items"]
