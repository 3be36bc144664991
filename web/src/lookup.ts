// Finding things in the state.

import { withLastMessage, type GuildState } from "./guilds";
import { compare } from "./snowflakes";
import type { State } from "./state";
import type { Channel, DirectChannel, Message, Snowflake } from "./wire";

export function inGuild(state: State, channelId: Snowflake): GuildState | undefined {
  return Object.values(state.guilds).find((guild) => guild.channels[channelId] !== undefined);
}

export function channelOf(state: State, channelId: Snowflake): Channel | DirectChannel | undefined {
  return inGuild(state, channelId)?.channels[channelId] ?? state.people.directs[channelId];
}

export function withLastMessageOf(state: State, message: Message): State {
  const guild = inGuild(state, message.channel_id);
  if (guild === undefined) return state;
  return { ...state, guilds: { ...state.guilds, [guild.id]: withLastMessage(guild, message) } };
}

type Lasting = Pick<Channel, "id" | "last_message_id">;

export function unread(state: State, channel: Lasting): boolean {
  return compare(channel.last_message_id ?? "0", state.seen[channel.id] ?? "0") > 0;
}

export const mentionsIn = (state: State, guild: GuildState): number =>
  Object.keys(guild.channels).reduce((all, id) => all + (state.mentions[id] ?? 0), 0);

export const allMentions = (state: State): number =>
  Object.values(state.mentions).reduce((all, count) => all + count, 0);
