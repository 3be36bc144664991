"""/docs: the API told to people and to programs, from the same routes and types that answer.

`document` is the OpenAPI 3.1 document; `pages` are for people.
"""
