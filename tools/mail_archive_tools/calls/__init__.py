"""What stands around a call: the time that it may take, and whether the user agrees to it."""
