"""Mail from files into a local archive."""
