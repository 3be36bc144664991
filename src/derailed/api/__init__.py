"""DOOR: HTTP. Decodes a request, calls one verb, encodes what it returns.

`app` is the whole of it as one ASGI application; each other module holds the routes of one noun, and `hot` the two
busiest as plain ASGI. Refusals are answered in `errors`, from the one table in `wire/error_codes.py`.
`docs/wire/rest.md` tells it for those on the other end.
"""
