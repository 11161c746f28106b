"""Where prices and events come from: one small module a source, found through the registry in base.py."""
