"""Training a CTR model: steps, validation, checkpoints, best weights."""
