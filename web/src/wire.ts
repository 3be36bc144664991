// The shapes on the wire: those that the server generates, and around them what only a client must know.

import type * as generated from "./generated";
import type { Channel, GuildDelete, OwnUser, Snowflake, User } from "./generated";

export type {
  Activity,
  Application,
  Attachment,
  AuditEntry,
  AuditLog,
  Ban,
  Channel,
  ChannelOverride,
  Embed,
  Emoji,
  Guild,
  GuildEmoji,
  GuildSettings,
  Instance,
  Invite,
  Message,
  Overwrite,
  OwnUser,
  Pins,
  Presence,
  Process,
  Reaction,
  ReactionRemove as ReactionChange,
  ReadState,
  Role,
  Snowflake,
  User,
  Webhook,
} from "./generated";

/** A conversation outside of guilds: type 1 with one other, type 3 with several. */
export interface DirectChannel {
  id: Snowflake;
  type: number;
  recipients: User[];
  last_message_id?: Snowflake | null;
  last_pin_timestamp?: string | null;
  name?: string | null;
  icon?: string | null;
  owner_id?: Snowflake;
}

/** What somebody is to the reader: 1 friend, 2 blocked, 3 who asks, 4 who was asked. */
export interface Relationship {
  id: Snowflake;
  type: number;
  nickname: string | null;
  since?: string;
  user: User;
}

/** What one has set for oneself, as far as the app goes by it. */
export interface Settings {
  status: string;
  custom_status: { text: string } | null;
}

/** Where one is signed in. */
export interface UserSession {
  id_hash: string;
  approx_last_used_time: string;
  client_info: { os: string | null; platform: string | null; location: string | null };
}

/** A row of a member list: the head of a group, or a member and how they look. */
export type ListItem = { group: ListGroup } | { member: Member & { presence?: generated.Presence } };

export interface ListGroup {
  id: string;
  count: number;
}

export type ListOp =
  | { op: "SYNC"; range: [number, number]; items: ListItem[] }
  | { op: "INVALIDATE"; range: [number, number] }
  | { op: "INSERT" | "UPDATE"; index: number; item: ListItem }
  | { op: "DELETE"; index: number };

export interface MemberListUpdate {
  id: string;
  guild_id: Snowflake;
  member_count: number;
  online_count: number;
  groups: ListGroup[];
  ops: ListOp[];
}

/** A member in a list names its user; the one within a message stands beside its author. */
export type Member = generated.Member & { user: User };

export type GuildCreate = Omit<generated.GuildCreate, "members"> & { members: Member[] };

type MemberEvent = Member & { guild_id: Snowflake };

export interface Dispatches extends Omit<
  generated.Dispatches,
  | "GUILD_CREATE"
  | "GUILD_DELETE"
  | "GUILD_MEMBER_ADD"
  | "GUILD_MEMBER_UPDATE"
  | "CHANNEL_CREATE"
  | "CHANNEL_UPDATE"
  | "CHANNEL_DELETE"
  | "PRESENCE_UPDATE"
> {
  READY: Ready;
  RESUMED: object;
  GUILD_CREATE: GuildCreate;
  /** `unavailable` is an outage; without it one is no longer in it. */
  GUILD_DELETE: GuildDelete & { unavailable?: boolean };
  GUILD_MEMBER_ADD: MemberEvent;
  GUILD_MEMBER_UPDATE: MemberEvent;
  GUILD_MEMBERS_CHUNK: { guild_id: Snowflake; members: Member[]; presences?: generated.Presence[] };
  GUILD_MEMBER_LIST_UPDATE: MemberListUpdate;
  CHANNEL_CREATE: Channel | DirectChannel;
  CHANNEL_UPDATE: Channel | DirectChannel;
  CHANNEL_DELETE: Channel | DirectChannel;
  CHANNEL_RECIPIENT_ADD: { channel_id: Snowflake; user: User };
  CHANNEL_RECIPIENT_REMOVE: { channel_id: Snowflake; user: User };
  CHANNEL_PINS_UPDATE: { channel_id: Snowflake; guild_id?: Snowflake; last_pin_timestamp?: string | null };
  /** Without a guild it is a friend's. */
  PRESENCE_UPDATE: generated.Presence & { guild_id?: Snowflake };
  RELATIONSHIP_ADD: Relationship;
  RELATIONSHIP_UPDATE: { id: Snowflake; type: number; nickname: string | null };
  RELATIONSHIP_REMOVE: { id: Snowflake; type: number };
  USER_SETTINGS_UPDATE: Partial<Settings>;
}

export interface Ready {
  user: OwnUser;
  session_id: string;
  /** Which of one's logins this is. */
  auth_session_id_hash?: string;
  /** Whole, or only announced and sent as GUILD_CREATE. */
  guilds: (GuildCreate | { id: Snowflake; unavailable: true })[];
  private_channels?: (DirectChannel & { recipient_ids?: Snowflake[] })[];
  relationships?: Relationship[];
  presences?: (generated.Presence & { guild_id?: Snowflake })[];
  users?: User[];
  user_settings?: Partial<Settings>;
  user_guild_settings?: generated.GuildSettings[] | { entries: generated.GuildSettings[] };
  read_state?: generated.ReadState[] | { entries: generated.ReadState[] };
}

/** One dispatch, discriminated by `t`. */
export type Dispatch = { [T in keyof Dispatches]: { t: T; d: Dispatches[T] } }[keyof Dispatches];

export type Frame =
  | ({ op: 0; s: number | null } & Dispatch)
  | { op: 1; d: number | null }
  | { op: 7; d: null }
  | { op: 9; d: boolean }
  | { op: 10; d: { heartbeat_interval: number } }
  | { op: 11 };

export interface ErrorBody {
  code: number;
  message: string;
  errors?: ErrorTree;
  retry_after?: number;
}

export interface ErrorLeaf {
  code: string;
  message: string;
}

/** A form's fields; what is wrong with one is under `_errors`. */
export interface ErrorTree {
  [field: string]: ErrorTree | ErrorLeaf[];
}
