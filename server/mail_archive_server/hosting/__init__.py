"""The tools of the catalog as an MCP host sees and calls them."""
