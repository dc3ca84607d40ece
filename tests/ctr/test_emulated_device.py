"""Steps on an emulated device, which is registered for a whole process."""

import subprocess
import sys

from paths import REPOSITORY


def test_steps_on_it_pass_in_a_process_of_their_own():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/devices"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
