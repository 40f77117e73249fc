"""The demonstration: everything once, through the public API only, and a page that shows it."""
