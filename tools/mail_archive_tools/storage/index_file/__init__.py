"""The index of content in one SQLite file, by FTS5."""
