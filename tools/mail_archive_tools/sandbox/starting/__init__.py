"""How workers are started and ended: ahead of their use, as copies of a template that has loaded everything, or each by
itself where a system cannot copy a process."""
