"""The whole system on one machine: real parts as supervised child processes."""
