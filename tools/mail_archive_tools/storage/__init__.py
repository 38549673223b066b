"""What is kept beyond a process, in SQLite."""
