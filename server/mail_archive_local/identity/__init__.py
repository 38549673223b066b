"""Who calls the local archive, and what they may: users and roles, signatures, sessions, policies."""
