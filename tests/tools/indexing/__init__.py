"""Messages into an index, and searches that it answers: the same as those that read."""
