"""The broker's door: the log behind the Redis protocol, so that every Redis client in every language is a client.

`server` listens and owns everything, `connection` is one socket, `commands` what can be asked. `namespaces` are logs
with those who listen to them, `replay` brings a subscriber from an id to now, `commits` makes what was appended
durable. Work is done once per socket read: one pass over its commands, one write to the log, one write of replies.
"""

from __future__ import annotations


class Refused(Exception):
    """What is answered with an error; its text begins with a code, as `ERR` or `NOPERM`."""
