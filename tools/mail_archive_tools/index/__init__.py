"""What an index of content is, whichever engine keeps it: what is put in, what it is asked, what it holds whole."""
