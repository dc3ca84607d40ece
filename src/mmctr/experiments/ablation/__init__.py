"""What each item feature is worth."""
