"""A sample archive: one year of a small company's mail, made here, the same every time.

Tidewater Instruments (tidewater.example) builds gauges. In 2025 it bought lenses from Brightwell Optics, answered
customers in eight languages, and was nearly defrauded by somebody who called himself Brightwell.
"""
