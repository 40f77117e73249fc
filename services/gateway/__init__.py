"""The front door: grpc.aio servicers that convert, call, convert. Knows no torch."""
