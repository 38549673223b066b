"""Tests of the text of files."""
