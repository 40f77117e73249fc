"""The worker: Celery steps over the library, under leases; and the reconciler."""
