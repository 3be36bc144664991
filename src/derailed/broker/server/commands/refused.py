"""What the broker can not do as Redis does, by name and with the reason."""

from __future__ import annotations

from typing import Final

_GROUPS: Final = "consumer groups are not supported yet: keep the last id yourself, and read or subscribe from there"
_KEYS: Final = "the broker has topics and channels, no keys"
_TRANSACTIONS: Final = "there are no transactions: XAPPEND appends several records all or none"
_SCRIPTS: Final = "there are no scripts: FUNCTION LOAD gives a namespace its filters"

REASONS: Final = {
    b"XDEL": "a record can not be taken out of the log: retention drops whole stretches of it",
    b"XTRIM": "retention is by time and bytes, for a whole namespace, in the broker's file",
    b"XSETID": "offsets are given by the log alone",
    b"PSUBSCRIBE": "patterns would be tried on each message: subscribe to the channels, or topics, by name",
    b"PUNSUBSCRIBE": "there are no patterns to unsubscribe from",
    b"MONITOR": "it would show everybody's messages",
    b"CLUSTER": "the broker runs on one machine",
    b"REPLICAOF": "the broker runs on one machine",
    **dict.fromkeys((b"XGROUP", b"XREADGROUP", b"XACK", b"XCLAIM", b"XAUTOCLAIM", b"XPENDING", b"XACKDEL"), _GROUPS),
    **dict.fromkeys((b"MULTI", b"EXEC", b"DISCARD", b"WATCH", b"UNWATCH"), _TRANSACTIONS),
    **dict.fromkeys((b"EVAL", b"EVALSHA", b"EVAL_RO", b"SCRIPT", b"FCALL", b"FCALL_RO"), _SCRIPTS),
    **dict.fromkeys(
        (b"GET", b"SET", b"DEL", b"UNLINK", b"EXISTS", b"EXPIRE", b"TTL", b"TYPE", b"KEYS", b"SCAN", b"INCR", b"MGET",
         b"MSET", b"HSET", b"HGET", b"HGETALL", b"LPUSH", b"RPUSH", b"LPOP", b"LRANGE", b"SADD", b"SMEMBERS", b"ZADD",
         b"ZRANGE", b"DBSIZE", b"FLUSHDB", b"FLUSHALL", b"SAVE", b"BGSAVE"),
        _KEYS,
    ),
}  # fmt: skip
