"""Workers of a cluster embed by the very model that the run has."""

import socket


def check_same_model(own: str, expected: str) -> None:
    """Refuse a worker whose vectors would be others.

    Args:
        own: Version of the embedder that the worker has loaded.
        expected: That of the run.

    Raises:
        ValueError: If they differ; it names both.
    """
    if own != expected:
        raise ValueError(
            f"the worker on {socket.gethostname()} embeds by {own}, the run by "
            f"{expected}: install the same versions on every node, and copy the "
            "model's folder to the same place"
        )
