"""Fields of items, users and rows: columns as small integers and scaled numbers."""
