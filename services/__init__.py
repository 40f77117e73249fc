"""The deployables: one folder an image, thin; none imports another."""
