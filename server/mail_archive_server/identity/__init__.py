"""Whose credentials the server calls with, what they are kept to, and what they need to be allowed."""
