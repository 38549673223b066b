"""Searches answered from an index of content, for those whom the service would answer."""
