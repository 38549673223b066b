"""Header fields (RFC 5322, RFC 2047, RFC 2231)."""
