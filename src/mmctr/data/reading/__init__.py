"""Raw files of any common form, read into tables with known columns."""
