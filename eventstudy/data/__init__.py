"""Package data: the embedded prices. See README.md in this folder for origin and licence."""
