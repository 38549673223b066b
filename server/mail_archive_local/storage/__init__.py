"""What a local archive keeps, in one SQLite file."""
