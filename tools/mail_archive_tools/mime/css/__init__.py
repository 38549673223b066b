"""Styles as a browser takes them: what is valid, which elements it is for, what it makes of their text."""
