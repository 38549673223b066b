"""Mail as bytes, read as what it says: `message.read_message`. Nothing here raises on bad mail."""
