"""CTR models, one folder each."""
