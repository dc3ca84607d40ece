"""Score a log of any size by a bundle, in pieces."""
