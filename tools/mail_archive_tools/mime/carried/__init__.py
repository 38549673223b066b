"""Formats that a part carries inside: signatures, encryption, winmail.dat, calendars."""
