"""Starting a search: in its turn, never twice, and not lost when the answer is late."""
