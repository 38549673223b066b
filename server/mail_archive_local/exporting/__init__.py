"""Exports of a local archive, on their way to a bucket."""
