"""What happens around a run and around each node."""
