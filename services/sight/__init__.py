"""Sight: what happened, for whom and how long: logs, metrics, traces. Below every service.

ids.py        the ids of the call or job at hand, which every line and span carries
redaction.py  what never leaves a process: secrets, signed addresses, pictures, vectors
logs.py       one line of JSON an event
metrics.py    what is counted and timed, and the page that Prometheus reads
tracing.py    one edit or one job, over all processes that had a part in it
calls.py      the usual grpc_server_* metrics around every call
"""
