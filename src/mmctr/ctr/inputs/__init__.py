"""What a model reads: click log, item table, vocabulary."""
