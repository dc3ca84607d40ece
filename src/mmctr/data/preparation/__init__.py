"""From raw tables to items and train, valid and test rows."""
