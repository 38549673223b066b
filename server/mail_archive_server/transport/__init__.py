"""Streamable HTTP: who may call, and what is listened on."""
