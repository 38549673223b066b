"""The room for hostile bytes: worker processes that read them and can reach nothing.

`pool` is the server's side and `worker` the processes' own; between them go frames of JSON and bytes, never anything
that runs. `confinement` is what a worker gives up before it sees the first byte: files (Landlock), the network, other
processes and signals (seccomp), memory and time (limits). What the system cannot take away is told, by `confinement`.
"""
