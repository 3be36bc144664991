// What the app reads of the wire: of each shape that the server sends the keys that are used here, and no more,
// so that a message on its way or a case in a test need not make up the rest.

import type * as Served from "./generated";
import type { Snowflake } from "./generated";

export type { Snowflake } from "./generated";

export type User = Pick<Served.User, "id" | "username" | "discriminator" | "avatar" | "bot"> &
  Partial<Pick<Served.User, "global_name">>;

export type OwnUser = User & Pick<Served.OwnUser, "mfa_enabled" | "flags"> & Partial<Pick<Served.OwnUser, "locale">>;

export type Role = Pick<
  Served.Role,
  "id" | "name" | "color" | "hoist" | "position" | "permissions" | "managed" | "mentionable"
>;

export type Overwrite = Served.Overwrite;

export type Channel = Pick<
  Served.Channel,
  "id" | "type" | "name" | "position" | "topic" | "last_message_id" | "rate_limit_per_user" | "permission_overwrites"
> &
  Partial<Pick<Served.Channel, "guild_id" | "parent_id">>;

export type Member = Pick<Served.Member, "roles" | "joined_at"> &
  Partial<Pick<Served.Member, "nick" | "communication_disabled_until">> & { user: User };

export type Guild = Pick<Served.Guild, "id" | "name" | "icon" | "owner_id"> & { roles: Role[] };

export type GuildCreate = Guild &
  Pick<Served.GuildCreate, "member_count"> & { joined_at: string | null; members: Member[]; channels: Channel[] };

export type Emoji = Served.Emoji;

export type Reaction = Pick<Served.Reaction, "count" | "me" | "emoji">;

export type MessageReference = Partial<Served.Reference> & Pick<Served.Reference, "channel_id">;

export type Message = Pick<
  Served.Message,
  | "id"
  | "channel_id"
  | "guild_id"
  | "type"
  | "content"
  | "timestamp"
  | "edited_timestamp"
  | "mention_roles"
  | "mention_everyone"
  | "nonce"
> & {
  author: User;
  mentions: User[];
  reactions?: Reaction[];
  message_reference?: MessageReference;
  referenced_message?: Message | null;
};

export type Invite = Pick<
  Served.Invite,
  "code" | "type" | "expires_at" | "channel" | "approximate_member_count"
> & {
  guild: Pick<Served.InviteGuild, "id" | "name" | "icon" | "description">;
  inviter?: User;
};

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

export type ReactionChange = Pick<Served.ReactionRemove, "user_id" | "channel_id" | "message_id" | "emoji">;

/** What the Gateway dispatches: the name of each event and, of its `d`, what is read here. */
export interface Dispatches {
  READY: { user: OwnUser; guilds: GuildCreate[]; session_id: string; resume_gateway_url: string };
  RESUMED: object;
  GUILD_CREATE: GuildCreate;
  GUILD_UPDATE: Guild;
  GUILD_DELETE: Served.GuildDelete & { unavailable?: boolean };
  GUILD_ROLE_CREATE: { guild_id: Snowflake; role: Role };
  GUILD_ROLE_UPDATE: { guild_id: Snowflake; role: Role };
  GUILD_ROLE_DELETE: Served.RoleDelete;
  GUILD_MEMBER_ADD: Member & { guild_id: Snowflake };
  GUILD_MEMBER_UPDATE: Member & { guild_id: Snowflake };
  GUILD_MEMBER_REMOVE: { guild_id: Snowflake; user: User };
  GUILD_MEMBERS_CHUNK: { guild_id: Snowflake; members: Member[] };
  CHANNEL_CREATE: Channel;
  CHANNEL_UPDATE: Channel;
  CHANNEL_DELETE: Channel;
  MESSAGE_CREATE: Message;
  MESSAGE_UPDATE: Message;
  MESSAGE_DELETE: Pick<Served.MessageDelete, "id" | "channel_id">;
  MESSAGE_DELETE_BULK: { ids: Snowflake[]; channel_id: Snowflake };
  MESSAGE_REACTION_ADD: ReactionChange;
  MESSAGE_REACTION_REMOVE: ReactionChange;
  MESSAGE_REACTION_REMOVE_ALL: Pick<Served.ReactionRemoveAll, "channel_id" | "message_id">;
  MESSAGE_REACTION_REMOVE_EMOJI: Pick<Served.ReactionRemoveEmoji, "channel_id" | "message_id" | "emoji">;
  TYPING_START: Pick<Served.TypingStart, "channel_id" | "user_id"> & { member?: Member };
  USER_UPDATE: OwnUser;
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
