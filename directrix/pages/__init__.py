"""Pages: HTML that needs nothing but itself, and the tables that it is made of."""
