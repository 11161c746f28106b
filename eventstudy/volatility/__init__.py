"""Abnormal volatility: how large, how long, against what the days before led to expect."""
