"""What tests of processes, of this machine or of a cluster, look at."""

import os


class OddError(ValueError):
    """Can't be made from its message."""

    def __init__(self, number: int, row: int) -> None:
        super().__init__(f"{number} in row {row}")


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
