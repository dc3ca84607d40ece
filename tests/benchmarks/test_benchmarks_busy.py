"""Runs beside a busy core: what is compared with what."""

from benchmarks import busy


def test_a_run_beside_a_busy_core_is_compared_with_one_alone(monkeypatch):
    prepared, asked = [], []

    def measure(what, arguments):
        asked.append((what, arguments["busy"], arguments["spinning"]))
        return {"seconds": 20.0 if arguments["busy"] else 10.0}

    monkeypatch.setattr(busy, "kedro", lambda *given: prepared.append(given[1]))
    found = busy.run(2, measure, options=("--env", "test"))
    assert prepared == [["run", "--pipeline", "sample", "--env", "test"]]
    assert found == {
        "seconds_alone": 10.0,
        "seconds_busy": 20.0,
        "ratio": 2.0,
        "waiting_ratio": 1.0,
    }
    once = [
        ("busy_run", b, s) for b, s in ((False, False), (True, False), (False, True))
    ]
    assert asked == once * 2
