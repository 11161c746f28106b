"""GARCH engines behind one protocol."""
