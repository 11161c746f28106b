"""Package data: aluminum announcements and the instruments that may react to them."""
