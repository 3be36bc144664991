// What one may do, so that the app offers only that. The server decides; this is the same rule, to draw with.

import type { GuildState, State } from "./state";
import type { Channel, Snowflake } from "./wire";

export const CREATE_INVITE = 1n << 0n;
export const KICK_MEMBERS = 1n << 1n;
export const BAN_MEMBERS = 1n << 2n;
export const ADMINISTRATOR = 1n << 3n;
export const MANAGE_CHANNELS = 1n << 4n;
export const MANAGE_GUILD = 1n << 5n;
export const ADD_REACTIONS = 1n << 6n;
export const VIEW_AUDIT_LOG = 1n << 7n;
export const VIEW_CHANNEL = 1n << 10n;
export const SEND_MESSAGES = 1n << 11n;
export const MANAGE_MESSAGES = 1n << 13n;
export const EMBED_LINKS = 1n << 14n;
export const ATTACH_FILES = 1n << 15n;
export const READ_HISTORY = 1n << 16n;
export const MENTION_EVERYONE = 1n << 17n;
export const CHANGE_NICKNAME = 1n << 26n;
export const MANAGE_NICKNAMES = 1n << 27n;
export const MANAGE_ROLES = 1n << 28n;
export const MANAGE_WEBHOOKS = 1n << 29n;
export const MANAGE_EMOJIS = 1n << 30n;
export const MODERATE_MEMBERS = 1n << 40n;
export const PIN_MESSAGES = 1n << 51n;
export const BYPASS_SLOW_MODE = 1n << 52n;

/** Any of these shows something in the guild's settings. */
export const SETTINGS =
  MANAGE_GUILD | MANAGE_CHANNELS | MANAGE_ROLES | MANAGE_WEBHOOKS | MANAGE_EMOJIS | VIEW_AUDIT_LOG | BAN_MEMBERS;

const ALL = (1n << 53n) - 1n;

export function inGuild(guild: GuildState, userId: Snowflake): bigint {
  if (guild.owner_id === userId) return ALL;
  const held = [guild.id, ...(guild.members[userId]?.roles ?? [])];
  const bits = held.reduce((all, id) => all | BigInt(guild.roles[id]?.permissions ?? 0), 0n);
  return (bits & ADMINISTRATOR) === 0n ? bits : ALL;
}

const WHEN_TIMED_OUT = VIEW_CHANNEL | READ_HISTORY;

export function timedOutUntil(guild: GuildState, userId: Snowflake, now: number): number | null {
  const until = guild.members[userId]?.communication_disabled_until;
  const at = until == null ? 0 : Date.parse(until);
  return at > now ? at : null;
}

/** How high somebody stands: one acts only on those below. */
export function heightOf(guild: GuildState, userId: Snowflake): number {
  if (guild.owner_id === userId) return Infinity;
  const held = guild.members[userId]?.roles ?? [];
  return held.reduce((highest, id) => Math.max(highest, guild.roles[id]?.position ?? 0), 0);
}

/** Whether one may do `bit` to somebody: not to oneself, nor to who stands as high. */
export function mayTo(state: State, guild: GuildState, bit: bigint, userId: Snowflake): boolean {
  const me = state.me?.id;
  if (me === undefined || me === userId) return false;
  return may(state, guild, bit) && heightOf(guild, me) > heightOf(guild, userId);
}

/** Overwrites apply by kind (everyone, roles together, member), never in the order of their rows. */
export function inChannel(guild: GuildState, userId: Snowflake, channel: Channel): bigint {
  const base = inGuild(guild, userId);
  if (base === ALL) return ALL;
  const roles = guild.members[userId]?.roles ?? [];
  const kinds = [
    (id: Snowflake): boolean => id === guild.id,
    (id: Snowflake): boolean => id !== guild.id && roles.includes(id),
    (id: Snowflake): boolean => id === userId,
  ];
  const bits = kinds.reduce((sofar, concerns) => {
    const those = channel.permission_overwrites.filter(({ id }) => concerns(id));
    const union = (key: "allow" | "deny"): bigint => those.reduce((all, one) => all | BigInt(one[key]), 0n);
    return (sofar & ~union("deny")) | union("allow");
  }, base);
  return (bits & VIEW_CHANNEL) === 0n ? 0n : bits;
}

export function may(state: State, guild: GuildState, bit: bigint, channel?: Channel): boolean {
  if (state.me === null) return false;
  const all = channel === undefined ? inGuild(guild, state.me.id) : inChannel(guild, state.me.id, channel);
  const quiet = all !== ALL && timedOutUntil(guild, state.me.id, Date.now()) !== null;
  return ((quiet ? all & WHEN_TIMED_OUT : all) & bit) !== 0n;
}
