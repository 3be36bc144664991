from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_UNSPECIFIED: _ClassVar[Status]
    STATUS_ONLINE: _ClassVar[Status]
    STATUS_IDLE: _ClassVar[Status]
    STATUS_DND: _ClassVar[Status]
    STATUS_INVISIBLE: _ClassVar[Status]
    STATUS_OFFLINE: _ClassVar[Status]

class Client(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLIENT_UNSPECIFIED: _ClassVar[Client]
    CLIENT_DESKTOP: _ClassVar[Client]
    CLIENT_MOBILE: _ClassVar[Client]
    CLIENT_WEB: _ClassVar[Client]
STATUS_UNSPECIFIED: Status
STATUS_ONLINE: Status
STATUS_IDLE: Status
STATUS_DND: Status
STATUS_INVISIBLE: Status
STATUS_OFFLINE: Status
CLIENT_UNSPECIFIED: Client
CLIENT_DESKTOP: Client
CLIENT_MOBILE: Client
CLIENT_WEB: Client

class FromNode(_message.Message):
    __slots__ = ("node", "reports")
    NODE_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    node: str
    reports: _containers.RepeatedCompositeFieldContainer[Report]
    def __init__(self, node: _Optional[str] = ..., reports: _Optional[_Iterable[_Union[Report, _Mapping]]] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("up", "change", "belongs", "detached", "gone", "watch", "unwatch", "told")
    UP_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    BELONGS_FIELD_NUMBER: _ClassVar[int]
    DETACHED_FIELD_NUMBER: _ClassVar[int]
    GONE_FIELD_NUMBER: _ClassVar[int]
    WATCH_FIELD_NUMBER: _ClassVar[int]
    UNWATCH_FIELD_NUMBER: _ClassVar[int]
    TOLD_FIELD_NUMBER: _ClassVar[int]
    up: Session
    change: Change
    belongs: Belongs
    detached: bytes
    gone: bytes
    watch: Watch
    unwatch: int
    told: bool
    def __init__(self, up: _Optional[_Union[Session, _Mapping]] = ..., change: _Optional[_Union[Change, _Mapping]] = ..., belongs: _Optional[_Union[Belongs, _Mapping]] = ..., detached: _Optional[bytes] = ..., gone: _Optional[bytes] = ..., watch: _Optional[_Union[Watch, _Mapping]] = ..., unwatch: _Optional[int] = ..., told: _Optional[bool] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("session_id", "user_id", "claim", "guild_ids", "status", "activities", "client", "resumed", "reached")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    CLAIM_FIELD_NUMBER: _ClassVar[int]
    GUILD_IDS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FIELD_NUMBER: _ClassVar[int]
    REACHED_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    user_id: int
    claim: int
    guild_ids: _containers.RepeatedScalarFieldContainer[int]
    status: Status
    activities: bytes
    client: Client
    resumed: bool
    reached: int
    def __init__(self, session_id: _Optional[bytes] = ..., user_id: _Optional[int] = ..., claim: _Optional[int] = ..., guild_ids: _Optional[_Iterable[int]] = ..., status: _Optional[_Union[Status, str]] = ..., activities: _Optional[bytes] = ..., client: _Optional[_Union[Client, str]] = ..., resumed: _Optional[bool] = ..., reached: _Optional[int] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("session_id", "status", "activities")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    status: Status
    activities: bytes
    def __init__(self, session_id: _Optional[bytes] = ..., status: _Optional[_Union[Status, str]] = ..., activities: _Optional[bytes] = ...) -> None: ...

class Belongs(_message.Message):
    __slots__ = ("session_id", "guild_ids")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    GUILD_IDS_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    guild_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, session_id: _Optional[bytes] = ..., guild_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class FromService(_message.Message):
    __slots__ = ("superseded", "showing", "changed", "snapshots", "settled", "gone")
    SUPERSEDED_FIELD_NUMBER: _ClassVar[int]
    SHOWING_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOTS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    GONE_FIELD_NUMBER: _ClassVar[int]
    superseded: _containers.RepeatedScalarFieldContainer[bytes]
    showing: _containers.RepeatedCompositeFieldContainer[Change]
    changed: _containers.RepeatedCompositeFieldContainer[Changed]
    snapshots: _containers.RepeatedCompositeFieldContainer[Snapshot]
    settled: bool
    gone: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, superseded: _Optional[_Iterable[bytes]] = ..., showing: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., changed: _Optional[_Iterable[_Union[Changed, _Mapping]]] = ..., snapshots: _Optional[_Iterable[_Union[Snapshot, _Mapping]]] = ..., settled: _Optional[bool] = ..., gone: _Optional[_Iterable[int]] = ...) -> None: ...

class UserPresence(_message.Message):
    __slots__ = ("user_id", "status", "activities", "client_status")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ACTIVITIES_FIELD_NUMBER: _ClassVar[int]
    CLIENT_STATUS_FIELD_NUMBER: _ClassVar[int]
    user_id: int
    status: Status
    activities: bytes
    client_status: bytes
    def __init__(self, user_id: _Optional[int] = ..., status: _Optional[_Union[Status, str]] = ..., activities: _Optional[bytes] = ..., client_status: _Optional[bytes] = ...) -> None: ...

class Changed(_message.Message):
    __slots__ = ("presence", "guild_ids")
    PRESENCE_FIELD_NUMBER: _ClassVar[int]
    GUILD_IDS_FIELD_NUMBER: _ClassVar[int]
    presence: UserPresence
    guild_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, presence: _Optional[_Union[UserPresence, _Mapping]] = ..., guild_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class Watch(_message.Message):
    __slots__ = ("guild_id", "number")
    GUILD_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    guild_id: int
    number: int
    def __init__(self, guild_id: _Optional[int] = ..., number: _Optional[int] = ...) -> None: ...

class Snapshot(_message.Message):
    __slots__ = ("guild_id", "presences", "last", "number")
    GUILD_ID_FIELD_NUMBER: _ClassVar[int]
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    guild_id: int
    presences: _containers.RepeatedCompositeFieldContainer[UserPresence]
    last: bool
    number: int
    def __init__(self, guild_id: _Optional[int] = ..., presences: _Optional[_Iterable[_Union[UserPresence, _Mapping]]] = ..., last: _Optional[bool] = ..., number: _Optional[int] = ...) -> None: ...

class CountRequest(_message.Message):
    __slots__ = ("guild_ids",)
    GUILD_IDS_FIELD_NUMBER: _ClassVar[int]
    guild_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, guild_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class CountReply(_message.Message):
    __slots__ = ("counts",)
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    counts: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, counts: _Optional[_Iterable[int]] = ...) -> None: ...

class FindRequest(_message.Message):
    __slots__ = ("guild_id", "user_ids")
    GUILD_ID_FIELD_NUMBER: _ClassVar[int]
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    guild_id: int
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, guild_id: _Optional[int] = ..., user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class FindReply(_message.Message):
    __slots__ = ("presences",)
    PRESENCES_FIELD_NUMBER: _ClassVar[int]
    presences: _containers.RepeatedCompositeFieldContainer[UserPresence]
    def __init__(self, presences: _Optional[_Iterable[_Union[UserPresence, _Mapping]]] = ...) -> None: ...

class AbsentRequest(_message.Message):
    __slots__ = ("user_ids",)
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class AbsentReply(_message.Message):
    __slots__ = ("user_ids",)
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, user_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class PulseRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PulseReply(_message.Message):
    __slots__ = ("pulse",)
    PULSE_FIELD_NUMBER: _ClassVar[int]
    pulse: bytes
    def __init__(self, pulse: _Optional[bytes] = ...) -> None: ...

class AwayRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    def __init__(self, session_id: _Optional[bytes] = ...) -> None: ...

class AwayReply(_message.Message):
    __slots__ = ("ms",)
    MS_FIELD_NUMBER: _ClassVar[int]
    ms: int
    def __init__(self, ms: _Optional[int] = ...) -> None: ...

class RecentRequest(_message.Message):
    __slots__ = ("away_ms", "guild_ids")
    AWAY_MS_FIELD_NUMBER: _ClassVar[int]
    GUILD_IDS_FIELD_NUMBER: _ClassVar[int]
    away_ms: int
    guild_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, away_ms: _Optional[int] = ..., guild_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class RecentReply(_message.Message):
    __slots__ = ("guilds", "whole")
    class Guild(_message.Message):
        __slots__ = ("guild_id", "user_ids")
        GUILD_ID_FIELD_NUMBER: _ClassVar[int]
        USER_IDS_FIELD_NUMBER: _ClassVar[int]
        guild_id: int
        user_ids: _containers.RepeatedScalarFieldContainer[int]
        def __init__(self, guild_id: _Optional[int] = ..., user_ids: _Optional[_Iterable[int]] = ...) -> None: ...
    GUILDS_FIELD_NUMBER: _ClassVar[int]
    WHOLE_FIELD_NUMBER: _ClassVar[int]
    guilds: _containers.RepeatedCompositeFieldContainer[RecentReply.Guild]
    whole: bool
    def __init__(self, guilds: _Optional[_Iterable[_Union[RecentReply.Guild, _Mapping]]] = ..., whole: _Optional[bool] = ...) -> None: ...
