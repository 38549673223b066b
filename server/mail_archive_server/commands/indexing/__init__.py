"""The command that makes an index of content, and tells and forgets what is in one."""
