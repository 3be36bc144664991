// Where people talk: a guild's channel, or a conversation outside of guilds. The views of messages draw either.

import type { ById } from "./collections";
import { directName } from "./names";
import { may, PIN_MESSAGES, MANAGE_MESSAGES } from "./permissions";
import type { Route } from "./router";
import type { GuildState, State } from "./state";
import type { Channel, DirectChannel, Relationship, Snowflake, User } from "./wire";

export interface Place {
  id: Snowflake;
  name: string;
  lastMessageId: Snowflake | null;
  guild: GuildState | undefined;
  channel: Channel | undefined;
  direct: DirectChannel | undefined;
}

export const ofChannel = (guild: GuildState, channel: Channel): Place => ({
  id: channel.id,
  name: channel.name,
  lastMessageId: channel.last_message_id ?? null,
  guild,
  channel,
  direct: undefined,
});

export const ofDirect = (direct: DirectChannel, known: ById<Relationship> = {}): Place => ({
  id: direct.id,
  name: directName(direct, known),
  lastMessageId: direct.last_message_id ?? null,
  guild: undefined,
  channel: undefined,
  direct,
});

export function placeAt(state: State, route: Route): Place | undefined {
  if (route.place === "direct") {
    const direct = state.people.directs[route.channelId];
    return direct === undefined ? undefined : ofDirect(direct, state.people.relationships);
  }
  if (route.place !== "guild" || route.channelId === null) return undefined;
  const guild = state.guilds[route.guildId];
  const channel = guild?.channels[route.channelId];
  return guild === undefined || channel === undefined ? undefined : ofChannel(guild, channel);
}

export function routeTo(place: Place, messageId?: Snowflake): Route {
  const message = messageId === undefined ? {} : { messageId };
  if (place.guild === undefined) return { place: "direct", channelId: place.id, ...message };
  return { place: "guild", guildId: place.guild.id, channelId: place.id, ...message };
}

/** Outside of guilds everybody may do what is not to another's words. */
export function mayHere(state: State, place: Place, bit: bigint): boolean {
  if (place.guild !== undefined) return may(state, place.guild, bit, place.channel);
  return bit === PIN_MESSAGES || bit !== MANAGE_MESSAGES;
}

/** Those who can be named here. */
export function usersIn(place: Place, me: User): User[] {
  if (place.guild !== undefined) return Object.values(place.guild.members).map(({ user }) => user);
  return [...(place.direct?.recipients ?? []), me];
}
