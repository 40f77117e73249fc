"""Operators' commands on the files and the store of a deployment."""
