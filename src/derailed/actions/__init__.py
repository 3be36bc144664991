"""VERBS: what a person or a bot can do. Each decides, stores, publishes, in that order and in sight.

A verb is a method that takes the `Actor`, opens one `store.read` or `store.write`, asks `access` what the actor
may do, changes rows through the store's table modules, and emits the records of what happened.
Refusals are the causes of `model/errors.py`. Doors call verbs; verbs know no door.
"""
