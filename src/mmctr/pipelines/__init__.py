"""One package a pipeline: ``nodes.py`` and ``pipeline.py``, thin."""
