"""Many messages at once, as evidence: manifests, signatures, files, load files for review platforms."""
