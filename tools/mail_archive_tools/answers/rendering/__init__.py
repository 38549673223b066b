"""Results as the compact text that a model reads. Says all that the structured content says.

Values out of mail stand between marks, which the first line of the answer names. They come cleaned: one line each, so
that no value can pass for a line or a column of ours (columns are separated by tabs, which no cleaned value has).
"""

# Imported for what they register.
from mail_archive_tools.answers.rendering import checking, exports, messages, ranges, searches, threads
from mail_archive_tools.answers.rendering.base import render

__all__ = ["checking", "exports", "messages", "ranges", "render", "searches", "threads"]
