"""What made every artifact, written down, and what no longer fits together."""
