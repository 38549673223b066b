"""Who calls the local archive, and what they may: users and roles, signatures, sessions, policies."""

OWNER = "owner"
"""The user that every folder has, who may do everything where nothing else is said."""

IDENTITIES = "identity.json"
"""The file of a folder that names its other users, its roles and providers."""

LOOPBACK = "127.0.0.1"
"""Where callers are who are in the same process, and most others."""
