"""The audit of what we depend on: what it may be, that it is locked, and that we need it. `make check` runs it.

It needs no network, and so knows of no vulnerability: those are `make advisories`, which says so when it can not know.
"""
