"""Recipes that train the bundled demo models from real data."""
