"""Questions that investigators ask, each asked of the server as an assistant would, and answered by plain Python beside
it: at most three calls and six kilobytes."""
