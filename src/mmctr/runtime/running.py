"""Whether a process goes on."""

import os


def is_running(pid: int) -> bool:
    """Whether a process of this machine goes on, as far as can be told.

    Args:
        pid: Its number.
    """
    if os.name == "nt":  # there, signal 0 is Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
