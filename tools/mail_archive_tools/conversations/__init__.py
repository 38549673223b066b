"""The messages of a conversation: found, and put in order."""
