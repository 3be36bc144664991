// Where to send a reader who stands at an address that is no place to be (any more).

import { channelsInOrder } from "./names";
import type { Route } from "./router";
import type { State } from "./state";
import type { Snowflake } from "./wire";

export interface Redirect {
  to: Route;
  because?: string;
}

/** `wide` screens show a channel beside the list, so a guild alone leads on to its first one. */
export function redirect(state: State, route: Route, wide: boolean): Redirect | null {
  if (state.me === null || route.place === "invite") return null;
  if (route.place !== "guild") return awayFromHome(state, route);
  const guild = state.guilds[route.guildId];
  if (guild === undefined) return { to: { place: "home" }, because: "You are not in that guild." };
  const to: Route = { place: "guild", guildId: guild.id, channelId: null };
  if (route.channelId !== null) {
    if (guild.channels[route.channelId] !== undefined) return null;
    return { to, because: "That channel is gone, or you may no longer see it." };
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
