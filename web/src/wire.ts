// The shapes on the wire: those that the server generates, and around them what only a client must know.

import type * as generated from "./generated";
import type { GuildDelete, OwnUser, Snowflake, User } from "./generated";

export type {
  Channel,
  Emoji,
  Guild,
  Invite,
  Message,
  OwnUser,
  Presence,
  Reaction,
  ReactionRemove as ReactionChange,
  Role,
  Snowflake,
  User,
} from "./generated";

/** A member in a list names its user; the one within a message stands beside its author. */
export type Member = generated.Member & { user: User };

export type GuildCreate = Omit<generated.GuildCreate, "members"> & { members: Member[] };

type MemberEvent = Member & { guild_id: Snowflake };

export interface Dispatches extends Omit<
  generated.Dispatches,
  "GUILD_CREATE" | "GUILD_DELETE" | "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE"
> {
  READY: { user: OwnUser; guilds: GuildCreate[]; session_id: string };
  RESUMED: object;
  GUILD_CREATE: GuildCreate;
  /** `unavailable` is an outage; without it one is no longer in it. */
  GUILD_DELETE: GuildDelete & { unavailable?: boolean };
  GUILD_MEMBER_ADD: MemberEvent;
  GUILD_MEMBER_UPDATE: MemberEvent;
  GUILD_MEMBERS_CHUNK: { guild_id: Snowflake; members: Member[] };
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
