// The shapes on the wire that the app reads: the subset of Discord's API v10 that it uses.

export type Snowflake = string;

export interface User {
  id: Snowflake;
  username: string;
  discriminator: string;
  global_name?: string | null;
  avatar: string | null;
  bot?: boolean;
}

export interface OwnUser extends User {
  mfa_enabled: boolean;
  flags: number;
  locale?: string;
}

export interface Role {
  id: Snowflake;
  name: string;
  color: number;
  hoist: boolean;
  position: number;
  permissions: string;
  managed: boolean;
  mentionable: boolean;
}

export interface Overwrite {
  id: Snowflake;
  type: 0 | 1;
  allow: string;
  deny: string;
}

export interface Channel {
  id: Snowflake;
  type: number;
  guild_id?: Snowflake;
  name: string;
  position: number;
  parent_id?: Snowflake | null;
  topic?: string | null;
  last_message_id?: Snowflake | null;
  rate_limit_per_user?: number;
  permission_overwrites: Overwrite[];
}

export interface Member {
  user: User;
  nick?: string | null;
  roles: Snowflake[];
  joined_at: string | null;
  communication_disabled_until?: string | null;
}

export interface Guild {
  id: Snowflake;
  name: string;
  icon: string | null;
  owner_id: Snowflake;
  roles: Role[];
}

export interface GuildCreate extends Guild {
  joined_at: string | null;
  member_count: number;
  members: Member[];
  channels: Channel[];
}

export interface Emoji {
  id: Snowflake | null;
  name: string;
}

export interface Reaction {
  count: number;
  me: boolean;
  emoji: Emoji;
}

export interface MessageReference {
  message_id?: Snowflake;
  channel_id: Snowflake;
  guild_id?: Snowflake;
}

export interface Message {
  id: Snowflake;
  channel_id: Snowflake;
  guild_id?: Snowflake;
  type: number;
  content: string;
  author: User;
  timestamp: string;
  edited_timestamp: string | null;
  mentions: User[];
  mention_roles: Snowflake[];
  mention_everyone: boolean;
  reactions?: Reaction[];
  message_reference?: MessageReference;
  referenced_message?: Message | null;
  nonce?: string | number;
}

export interface Invite {
  code: string;
  type: number;
  expires_at: string | null;
  guild?: { id: Snowflake; name: string; icon: string | null; description: string | null };
  channel: { id: Snowflake; name: string; type: number } | null;
  inviter?: User;
  approximate_member_count?: number;
}

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

export type ErrorTree = { _errors?: ErrorLeaf[] } & { [field: string]: ErrorTree | ErrorLeaf[] };

/** What the Gateway dispatches: the name of each event and the shape of its `d`. */
export interface Dispatches {
  READY: { user: OwnUser; guilds: GuildCreate[]; session_id: string; resume_gateway_url: string };
  RESUMED: object;
  GUILD_CREATE: GuildCreate;
  GUILD_UPDATE: Guild;
  GUILD_DELETE: { id: Snowflake; unavailable?: boolean };
  GUILD_ROLE_CREATE: { guild_id: Snowflake; role: Role };
  GUILD_ROLE_UPDATE: { guild_id: Snowflake; role: Role };
  GUILD_ROLE_DELETE: { guild_id: Snowflake; role_id: Snowflake };
  GUILD_MEMBER_ADD: Member & { guild_id: Snowflake };
  GUILD_MEMBER_UPDATE: Member & { guild_id: Snowflake };
  GUILD_MEMBER_REMOVE: { guild_id: Snowflake; user: User };
  GUILD_MEMBERS_CHUNK: { guild_id: Snowflake; members: Member[] };
  CHANNEL_CREATE: Channel;
  CHANNEL_UPDATE: Channel;
  CHANNEL_DELETE: Channel;
  MESSAGE_CREATE: Message;
  MESSAGE_UPDATE: Message;
  MESSAGE_DELETE: { id: Snowflake; channel_id: Snowflake };
  MESSAGE_DELETE_BULK: { ids: Snowflake[]; channel_id: Snowflake };
  MESSAGE_REACTION_ADD: ReactionChange;
  MESSAGE_REACTION_REMOVE: ReactionChange;
  MESSAGE_REACTION_REMOVE_ALL: { channel_id: Snowflake; message_id: Snowflake };
  MESSAGE_REACTION_REMOVE_EMOJI: { channel_id: Snowflake; message_id: Snowflake; emoji: Emoji };
  TYPING_START: { channel_id: Snowflake; user_id: Snowflake; member?: Member };
  USER_UPDATE: OwnUser;
}

export interface ReactionChange {
  user_id: Snowflake;
  channel_id: Snowflake;
  message_id: Snowflake;
  emoji: Emoji;
}

/** One dispatch as it is on the wire, discriminated by `t`. */
export type Dispatch = { [T in keyof Dispatches]: { t: T; d: Dispatches[T] } }[keyof Dispatches];

export type Frame =
  | ({ op: 0; s: number | null } & Dispatch)
  | { op: 1; d: number | null }
  | { op: 7; d: null }
  | { op: 9; d: boolean }
  | { op: 10; d: { heartbeat_interval: number } }
  | { op: 11 };
