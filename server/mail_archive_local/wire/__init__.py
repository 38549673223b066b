"""Where the SDK's own models and transport are used: requests, replies, and clients that are answered here."""
