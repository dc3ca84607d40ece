"""Requests that can't be answered: 4xx, the place, a reason, and no more."""

import json

import pytest

GOOD = {"history": [1], "candidates": [1]}
LIKES = ["row", "likes_level"]
TWICE = {"items": [{"item_id": 10**9}] * 2}


@pytest.mark.parametrize(
    ("path", "body", "place", "why"),
    [
        ("score", {"history": [1]}, ["candidates"], "required"),
        ("score", {**GOOD, "candidate": 1}, ["candidate"], "not permitted"),
        ("score", {**GOOD, "history": "1"}, ["history"], "list"),
        ("score", {**GOOD, "history": [1, 1.5]}, ["history", 1], "integer"),
        ("score", {**GOOD, "history": [1, True]}, ["history", 1], "integer"),
        ("score", {**GOOD, "history": [None]}, ["history", 0], "integer"),
        ("score", {**GOOD, "history": [1, "1"]}, ["history", 1], "are integers"),
        ("score", {**GOOD, "candidates": ["a"]}, ["candidates", 0], "are integers"),
        ("score", {**GOOD, "history": [2**63]}, ["history", 0], "less than or equal"),
        ("score", {**GOOD, "user": [1]}, ["user"], "dictionary"),
        ("score", {**GOOD, "user": {"user_id": [3]}}, ["user", "user_id"], "one value"),
        ("score", {**GOOD, "user": {"user_id": "x"}}, ["user", "user_id"], "are int64"),
        ("score", {**GOOD, "row": {"timestamp": "x"}}, ["row", "timestamp"], "whole"),
        ("score", {**GOOD, "row": {"likes_level": 11}}, LIKES, "from 0 to 10"),
        ("score", {**GOOD, "row": {"likes_level": [1, 2]}}, LIKES, "2 values for 1"),
        ("score", {**GOOD, "row": {"likes_level": [1, "a"]}}, LIKES, "2 values for 1"),
        ("rank", {**GOOD, "row": {"likes_level": ["a"]}}, LIKES, "from 0 to 10"),
        ("rank", {"history": [], "row": {"likes_level": [1]}}, LIKES, "1 values for"),
        ("score", {**GOOD, "as_of": "now"}, ["as_of"], "integer"),
        ("score", {**GOOD, "candidates": [1] * 301}, ["candidates"], "at most 300"),
        ("score", {**GOOD, "history": [1] * 1001}, ["history"], "at most 1,000"),
        ("rank", {"history": [1], "k": 0}, ["k"], "greater than or equal to 1"),
        ("rank", {"history": [1], "k": 301}, ["k"], "at most 300"),
        ("items", {"items": []}, ["items"], "at least 1"),
        ("items", {"items": [{"title": "x"}]}, ["items", 0, "item_id"], "there is no"),
        ("items", {"items": [{"item_id": "x"}]}, ["items", 0, "item_id"], "integers"),
        (
            "items",
            {"items": [{"item_id": 10**9, "title": "a"}, {"item_id": 7, "title": 2}]},
            ["items", "title"],
            "got a 'int' object",
        ),
        ("items", TWICE, ["items", "item_id"], "id twice"),
        (
            "items",
            {"items": [{"item_id": 10**9, "image_vector": 1}]},
            ["items", "image_vector"],
            "is int64; expected lists of 24",
        ),
        (
            "items",
            {"items": [{"item_id": 10**9, "image_vector": [1.0]}]},
            ["items", "image_vector"],
            "has vectors of width 1, not 24",
        ),
    ],
)
def test_the_place_is_named(server, path, body, place, why):
    status, found = server.post(f"/{path}", body)
    assert status == 422, found
    first = found["detail"][0]
    assert first["loc"][: len(place) + 1] == ["body", *place]
    assert why in first["msg"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"history": [NaN], "candidates": [1]}',
        b'{"history": [1e999], "candidates": [1]}',
        b'{"history": ["\\ud800"], "candidates": [1]}',
        b'{"history": [1], "candidates": [1], "\\ud800": 1}',
        b'{"history": [1], "candidates": [1], "row": {"likes_level": NaN}}',
        b'{"history": [' + b"9" * 5_000 + b'], "candidates": [1]}',
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"[" * 200_000,
    ],
)
def test_what_is_malformed_is_refused_and_the_next_is_answered(server, body):
    client = server.client()
    client.request("POST", "/score", body, {"Content-Type": "application/json"})
    answer = client.getresponse()
    text = answer.read().decode()
    assert answer.status in (400, 422), text
    assert json.loads(text)["detail"]
    assert "Traceback" not in text
    assert len(text) < 5_000
    assert server.post("/score", {"history": [], "candidates": []})[0] == 200


def test_a_huge_body_is_refused_by_its_header_or_its_bytes(server):
    stated = server.client()
    stated.putrequest("POST", "/score")
    stated.putheader("Content-Length", str(10**12))
    stated.endheaders(b"{")
    assert stated.getresponse().status == 413

    def endless():
        # Not much more than is read: what is sent after the answer resets a connection.
        for _ in range(8):
            yield b" " * 2**20
        yield b" "

    streamed = server.client()
    streamed.request(
        "POST",
        "/score",
        endless(),
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    answer = streamed.getresponse()
    assert answer.status == 413
    assert "larger than 8,388,608 bytes" in answer.read().decode()


def test_other_paths_and_methods(server):
    assert server.get("/nothing")[0] == 404
    assert server.get("/score")[0] == 405
    assert server.post("/health", {})[0] == 405
