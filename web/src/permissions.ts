// What one may do, so that the app offers only that. The server decides; this is the same rule, to draw with.

import type { GuildState, State } from "./state";
import type { Channel, Snowflake } from "./wire";

export const CREATE_INVITE = 1n << 0n;
export const ADMINISTRATOR = 1n << 3n;
export const MANAGE_CHANNELS = 1n << 4n;
export const ADD_REACTIONS = 1n << 6n;
export const VIEW_CHANNEL = 1n << 10n;
export const SEND_MESSAGES = 1n << 11n;
export const MANAGE_MESSAGES = 1n << 13n;

const ALL = (1n << 53n) - 1n;

export function inGuild(guild: GuildState, userId: Snowflake): bigint {
  if (guild.owner_id === userId) return ALL;
  const held = [guild.id, ...(guild.members[userId]?.roles ?? [])];
  const bits = held.reduce((all, id) => all | BigInt(guild.roles[id]?.permissions ?? 0), 0n);
  return (bits & ADMINISTRATOR) === 0n ? bits : ALL;
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
  const bits = channel === undefined ? inGuild(guild, state.me.id) : inChannel(guild, state.me.id, channel);
  return (bits & bit) !== 0n;
}
