"""The claims of an article: read from a file, measured, judged together."""
