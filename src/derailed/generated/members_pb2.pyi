from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FromNode(_message.Message):
    __slots__ = ("node", "requests")
    NODE_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    node: str
    requests: _containers.RepeatedCompositeFieldContainer[Request]
    def __init__(self, node: _Optional[str] = ..., requests: _Optional[_Iterable[_Union[Request, _Mapping]]] = ...) -> None: ...

class Request(_message.Message):
    __slots__ = ("interest", "release", "watch", "find", "taken", "stop", "follow", "leave")
    INTEREST_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    FIND_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    LEAVE_FIELD_NUMBER: _ClassVar[int]
    interest: int
    release: int
    watch: int
    find: Find
    taken: int
    stop: int
    follow: Follow
    leave: int
    def __init__(self, interest: _Optional[int] = ..., release: _Optional[int] = ..., watch: _Optional[int] = ..., find: _Optional[_Union[Find, _Mapping]] = ..., taken: _Optional[int] = ..., stop: _Optional[int] = ..., follow: _Optional[_Union[Follow, _Mapping]] = ..., leave: _Optional[int] = ...) -> None: ...

class Find(_message.Message):
    __slots__ = ("question", "guild_id", "prefix", "user_ids", "limit", "presences", "cause")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    GUILD_ID_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    question: int
    guild_id: int
    prefix: str
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    limit: int
    presences: bool
    cause: str
    def __init__(self, question: _Optional[int] = ..., guild_id: _Optional[int] = ..., prefix: _Optional[str] = ..., user_ids: _Optional[_Iterable[int]] = ..., limit: _Optional[int] = ..., presences: _Optional[bool] = ..., cause: _Optional[str] = ...) -> None: ...

class Follow(_message.Message):
    __slots__ = ("subscription", "guild_id", "channel_id", "ranges")
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    GUILD_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    subscription: int
    guild_id: int
    channel_id: int
    ranges: _containers.RepeatedCompositeFieldContainer[Range]
    def __init__(self, subscription: _Optional[int] = ..., guild_id: _Optional[int] = ..., channel_id: _Optional[int] = ..., ranges: _Optional[_Iterable[_Union[Range, _Mapping]]] = ...) -> None: ...

class Range(_message.Message):
    __slots__ = ("first", "last")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    first: int
    last: int
    def __init__(self, first: _Optional[int] = ..., last: _Optional[int] = ...) -> None: ...

class FromService(_message.Message):
    __slots__ = ("updates", "lost", "chunks", "failed", "changed")
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    updates: _containers.RepeatedCompositeFieldContainer[ListUpdate]
    lost: _containers.RepeatedScalarFieldContainer[int]
    chunks: _containers.RepeatedCompositeFieldContainer[Chunk]
    failed: _containers.RepeatedScalarFieldContainer[int]
    changed: _containers.RepeatedCompositeFieldContainer[MemberChanged]
    def __init__(self, updates: _Optional[_Iterable[_Union[ListUpdate, _Mapping]]] = ..., lost: _Optional[_Iterable[int]] = ..., chunks: _Optional[_Iterable[_Union[Chunk, _Mapping]]] = ..., failed: _Optional[_Iterable[int]] = ..., changed: _Optional[_Iterable[_Union[MemberChanged, _Mapping]]] = ...) -> None: ...

class ListUpdate(_message.Message):
    __slots__ = ("subscriptions", "data")
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    subscriptions: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    def __init__(self, subscriptions: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("question", "members", "presences", "not_found", "index", "count")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    NOT_FOUND_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    question: int
    members: bytes
    presences: bytes
    not_found: _containers.RepeatedScalarFieldContainer[int]
    index: int
    count: int
    def __init__(self, question: _Optional[int] = ..., members: _Optional[bytes] = ..., presences: _Optional[bytes] = ..., not_found: _Optional[_Iterable[int]] = ..., index: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class MemberChanged(_message.Message):
    __slots__ = ("guild_id", "user_id", "member")
    GUILD_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_FIELD_NUMBER: _ClassVar[int]
    guild_id: int
    user_id: int
    member: bytes
    def __init__(self, guild_id: _Optional[int] = ..., user_id: _Optional[int] = ..., member: _Optional[bytes] = ...) -> None: ...
