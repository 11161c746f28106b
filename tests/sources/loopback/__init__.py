"""Servers on the loopback interface that speak the sources' wire formats, faults included."""
