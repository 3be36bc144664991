// What events make of a guild.

import { byId, byUser, without, type ById } from "./collections";
import { newest } from "./snowflakes";
import type { Channel, Guild, GuildCreate, Member, Message, Presence, Role, Snowflake, User } from "./wire";

/** A guild with what is in it, by id. */
export interface GuildState extends Omit<Guild, "roles"> {
  joined_at: string;
  member_count: number;
  roles: ById<Role>;
  channels: ById<Channel>;
  members: ById<Member>;
  /** Those who are here. A large guild does not tell. */
  presences: ById<Presence>;
}

export function guildState(guild: GuildCreate): GuildState {
  const { roles, channels, members, presences, ...rest } = guild;
  return {
    ...rest,
    roles: byId(roles),
    channels: byId(channels),
    members: byUser(members),
    presences: byUser(presences ?? []),
  };
}

export function withPresence(presences: ById<Presence>, told: Presence): ById<Presence> {
  const { user, status, activities, client_status } = told;
  if (status === "offline") return without(presences, user.id);
  return { ...presences, [user.id]: { user, status, activities, client_status } };
}

export function withPresences(presences: ById<Presence>, all: readonly Presence[]): ById<Presence> {
  return all.reduce(withPresence, presences);
}

export function withRole(guild: GuildState, role: Role): GuildState {
  return { ...guild, roles: { ...guild.roles, [role.id]: role } };
}

export function withoutRole(guild: GuildState, roleId: Snowflake): GuildState {
  const members = Object.values(guild.members).map((member) =>
    member.roles.includes(roleId) ? { ...member, roles: member.roles.filter((id) => id !== roleId) } : member,
  );
  return { ...guild, roles: without(guild.roles, roleId), members: byUser(members) };
}

export function withMember(
  guild: GuildState,
  { guild_id: _, ...member }: Member & { guild_id: Snowflake },
  joined: boolean,
): GuildState {
  const more = joined && guild.members[member.user.id] === undefined ? 1 : 0;
  const members = { ...guild.members, [member.user.id]: member };
  return { ...guild, members, member_count: guild.member_count + more };
}

export function withoutMember(guild: GuildState, userId: Snowflake): GuildState {
  const { members, presences, member_count } = guild;
  return {
    ...guild,
    members: without(members, userId),
    presences: without(presences, userId),
    member_count: member_count - 1,
  };
}

/** Those who are named in passing: a list, a chunk. They are no more than there were. */
export function withMembers(guild: GuildState, members: readonly Member[]): GuildState {
  return members.length === 0 ? guild : { ...guild, members: { ...guild.members, ...byUser(members) } };
}

export function withUser(guild: GuildState, user: User): GuildState {
  const member = guild.members[user.id];
  return member === undefined ? guild : { ...guild, members: { ...guild.members, [user.id]: { ...member, user } } };
}

export function withChannel(guild: GuildState, channel: Channel): GuildState {
  const held = guild.channels[channel.id];
  // What was said last comes with messages; an update may have been read before the latest.
  const last = newest([held?.last_message_id, channel.last_message_id]);
  const next = last === "0" ? channel : { ...channel, last_message_id: last };
  return { ...guild, channels: { ...guild.channels, [channel.id]: next } };
}

export function withPins(guild: GuildState, id: Snowflake, last_pin_timestamp: string | null): GuildState {
  const channel = guild.channels[id];
  if (channel === undefined) return guild;
  return { ...guild, channels: { ...guild.channels, [id]: { ...channel, last_pin_timestamp } } };
}

export function withLastMessage(guild: GuildState, { id, channel_id }: Message): GuildState {
  const channel = guild.channels[channel_id];
  if (channel === undefined) return guild;
  const last_message_id = newest([channel.last_message_id, id]);
  return { ...guild, channels: { ...guild.channels, [channel_id]: { ...channel, last_message_id } } };
}
