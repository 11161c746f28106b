"""Arrays in, small frozen dataclasses out; no pandas, no NaN unless a docstring says so."""
