"""A bundle that MLflow keeps answers as the bundle does."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mmctr import Scorer

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        importlib.util.find_spec("mlflow") is None,
        reason="needs mlflow: pip install -e '.[tracking]'",
    ),
]

MINUTES = 4


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def ask(port: int, server: subprocess.Popen, records: list[dict]) -> list[float]:
    """Ask for scores, and wait for the server to begin."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps({"dataframe_records": records}).encode(),
        {"Content-Type": "application/json"},
    )
    end = time.monotonic() + 60 * MINUTES
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())["predictions"]
        except urllib.error.HTTPError as error:
            pytest.fail(error.read().decode())
        except OSError:
            assert server.poll() is None and time.monotonic() < end
            time.sleep(0.5)


def test_a_logged_bundle_is_served(bundle: Path, shared: Scorer, tmp_path: Path):
    import mlflow

    from mmctr.project.hooks.mlflow import log_bundle

    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    mlflow.set_tracking_uri(store)
    experiment = mlflow.create_experiment("runs", (tmp_path / "files").as_uri())
    run = mlflow.MlflowClient().create_run(experiment)
    model = log_bundle(run.info.run_id, bundle)

    frame = shared.sample[["item_id", "history"]].head(5)
    port = free_port()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", model]
    server = subprocess.Popen(
        [*command, "--env-manager", "local", "--port", str(port)],
        env=os.environ | {"MLFLOW_TRACKING_URI": store, "PATH": path},
        start_new_session=True,
    )
    try:
        records = [
            {"item_id": item, "history": list(past)}
            for item, past in zip(frame["item_id"], frame["history"], strict=True)
        ]
        found = ask(port, server, records)
        assert found == pytest.approx(shared.score_frame(frame).tolist(), abs=1e-6)
    finally:
        os.killpg(server.pid, 15)
        server.wait()
