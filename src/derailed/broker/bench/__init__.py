"""`derailed broker bench`: what the broker does, beside Redis and Valkey in the same run, and with very many topics.

`programs` starts servers and reads what they used from the system, `versus` runs Redis's own benchmark at each in turn,
`alone` measures what only we have, `many` fills a broker with topics, `page` writes it all down.
"""
