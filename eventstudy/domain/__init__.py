"""Values of the domain: events, instruments, prices, windows, quality flags."""
