"""The composition: every part is made here, by hand, in the order in which it needs the others.

A module a shape, each read from top to bottom: `up` is all in one process; `api`, `wss`, `presence` and `members` are
its pieces, each a process. What they share: `parts` makes each part as the settings say, `acting` is all that verbs
need, `door` answers HTTP and `grpc_door` gRPC, `readiness` says how it goes. Nothing else names an implementation.
"""
