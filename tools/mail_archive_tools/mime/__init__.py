"""Mail as bytes, read as what it says: header fields, structure, bodies. Nothing here raises on bad mail."""
