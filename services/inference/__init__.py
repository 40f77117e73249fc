"""The caller's side of the internal inference service."""
