"""A synthetic data set with known click probabilities."""
