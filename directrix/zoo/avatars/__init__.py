"""Avatars: drawn faces whose every cause is known, and recipes for models trained on them."""
