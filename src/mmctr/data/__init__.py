"""From raw files to the tables and arrays of the catalog."""
