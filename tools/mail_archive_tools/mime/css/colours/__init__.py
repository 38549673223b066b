"""Colours: what is written for one (CSS Color 4 and 5), and how well one is seen on another."""
