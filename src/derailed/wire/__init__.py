"""SHAPES: what crosses a line, be it HTTP, the Gateway's socket or the log. Pure; may import `model` only.

`rest` and `events` are Discord's shapes, `gateway` the frames, `records` what is in the log,
`error_codes` the one table from a cause to status and JSON code, `limits` every limit with its reason.
"""
