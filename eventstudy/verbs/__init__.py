"""Verbs over whole studies: scan a span of dates, power on the user's own series, robustness over a grid."""
