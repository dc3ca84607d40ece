"""``mmctr compare``: two runs, or two bundles, on the same rows."""
