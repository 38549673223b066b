"""Messages of an archive into an index of content, from wherever they can be had."""
