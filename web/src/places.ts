// Where to send a reader who stands at an address that is no place to be (any more).

import { channelsInOrder } from "./names";
import type { Route } from "./router";
import type { State } from "./state";
import { compare, newest } from "./snowflakes";
import type { DirectChannel, Snowflake } from "./wire";
import { words } from "./words";

export interface Redirect {
  to: Route;
  because?: string;
}

/** `wide` screens show a channel beside the list, so a guild alone leads on to its first one. */
export function redirect(state: State, route: Route, wide: boolean): Redirect | null {
  if (state.me === null || route.place === "invite" || route.place === "friends") return null;
  if (route.place === "direct") {
    const known = state.people.directs[route.channelId] !== undefined;
    return known ? null : { to: { place: "friends" }, because: words.shell.conversationGone };
  }
  if (route.place !== "guild") return awayFromHome(state, route);
  const guild = state.guilds[route.guildId];
  if (guild === undefined) return { to: { place: "home" }, because: words.shell.notYourGuild };
  const to: Route = { place: "guild", guildId: guild.id, channelId: null };
  if (route.channelId !== null) {
    if (guild.channels[route.channelId] !== undefined) return null;
    return { to, because: words.shell.channelGone };
  }
  const [first] = channelsInOrder(guild);
  return wide && first !== undefined ? { to: { ...to, channelId: first.id } } : null;
}

function awayFromHome(state: State, route: Route): Redirect | null {
  const [first] = guildsInOrder(state);
  if (first !== undefined) return { to: { place: "guild", guildId: first, channelId: null } };
  return route.place === "home" ? null : { to: { place: "home" } };
}

/** In the order in which the reader joined them. */
export function guildsInOrder(state: State): Snowflake[] {
  const guilds = Object.values(state.guilds);
  return guilds.sort((a, b) => a.joined_at.localeCompare(b.joined_at)).map(({ id }) => id);
}

/** The latest first. */
export function directsInOrder(state: State): DirectChannel[] {
  const last = ({ id, last_message_id }: DirectChannel): Snowflake => newest([id, last_message_id]);
  return Object.values(state.people.directs).sort((a, b) => compare(last(b), last(a)));
}
