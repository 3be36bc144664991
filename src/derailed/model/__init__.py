"""NOUNS: what a community is made of. Pure values and rules: no clock, no I/O, no shapes of the wire.

`errors` names the causes of refusal, `permissions` decides who may do what,
`snowflakes` makes ids, and each other module is one noun.
"""
