"""One query over any range: the searches that it takes, in their turn, and their rows."""
