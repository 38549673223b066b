"""From a message's link to its bytes, and to what a reader makes of them."""
