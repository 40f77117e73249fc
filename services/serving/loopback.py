"""Ray Serve's own gRPC servers, kept to loopback.

Ray 2.60 binds the servers of replicas and proxies to "[::]" without a setting for it. They all
bind through two functions of Ray; in a process where `bind_to_loopback` has run, both bind
127.0.0.1. It is for single machines only: with several nodes the others could not reach in.
"""

from typing import Any

from ray.serve._private import default_impl, replica

LOOPBACK = "127.0.0.1"


def bind_to_loopback() -> None:
    """Raises AttributeError where another version of Ray has other names."""
    bind = replica.add_port_to_grpc_server

    def add_grpc_address(server: Any, address: str) -> None:
        server.add_insecure_port(narrowed(address))

    default_impl.add_grpc_address = add_grpc_address
    replica.add_port_to_grpc_server = lambda server, address: bind(server, narrowed(address))


def narrowed(address: str) -> str:
    """The same port, on loopback."""
    return f"{LOOPBACK}:{address.rpartition(':')[2]}"
