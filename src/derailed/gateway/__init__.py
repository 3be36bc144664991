"""DOOR: the WebSocket Service. Delivers to each session every event it may see, once and in order.

`session` is the pure state machine of one socket's conversation and `audience` the pure rule of who hears what;
`recipient` is what one session is owed, `node` what this process knows of a topic, `hub` reads the bus and fans
out, `arrival` brings sessions in (IDENTIFY, a join, RESUME), `feeds` tells them what is not in the log (who is here,
who belongs), and `connection` only moves bytes.
`docs/wire/gateway.md` tells it for those on the other end.
"""
