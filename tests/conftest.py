"""What every test needs: few threads, no telemetry, no hub."""

import os

# Before torch is imported: two threads each of many libraries only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DO_NOT_TRACK", "true")
