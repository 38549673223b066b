"""The MCP server `mail-archive` and the local archive that stands in for the service."""
