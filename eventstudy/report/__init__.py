"""The screen and the page: the only place where numbers are rounded. Tables, pictures, one HTML file."""
