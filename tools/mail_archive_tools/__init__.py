"""Typed tools over Amazon SES Mail Manager archives, usable with or without an MCP host."""

__version__ = "0.1.0"
