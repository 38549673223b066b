"""Streamable HTTP: who may call, and what is listened on."""

HEALTH_PATH = "/health"
"""Answered to everybody: it says nothing but that there is a server."""
