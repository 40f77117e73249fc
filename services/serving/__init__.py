"""Replicas: generators and predictors behind the internal inference service."""
