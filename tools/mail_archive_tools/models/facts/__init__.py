"""What is known of messages that were read: each fact, and how it is asked for, shown and counted, in one table."""
