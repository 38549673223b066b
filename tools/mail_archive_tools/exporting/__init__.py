"""Exports: started once, waited for, and told about."""
