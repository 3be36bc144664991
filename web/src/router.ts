// The address of each place in the app, both ways.

import type { Snowflake } from "./wire";

export type Route =
  | { place: "home" }
  | { place: "login" }
  | { place: "register" }
  | { place: "invite"; code: string }
  | { place: "friends" }
  /** `messageId` is one to go to. */
  | { place: "direct"; channelId: Snowflake; messageId?: Snowflake }
  | { place: "guild"; guildId: Snowflake; channelId: Snowflake | null; messageId?: Snowflake };

const ID = /^\d{1,20}$/;
const CODE = /^[\w-]{1,64}$/;

/** An address that means nothing leads home. */
export function parse(path: string): Route {
  const [place, first = "", second, third] = path.split("/").slice(1);
  if (place === "login" || place === "register") return { place };
  if (place === "invite" && CODE.test(first)) return { place, code: first };
  if (place === "channels" && first === "@me") {
    if (second === undefined || !ID.test(second)) return { place: "friends" };
    return { place: "direct", channelId: second, ...messageIn(third) };
  }
  if (place === "channels" && ID.test(first)) {
    const channelId = second !== undefined && ID.test(second) ? second : null;
    return { place: "guild", guildId: first, channelId, ...(channelId === null ? {} : messageIn(third)) };
  }
  return { place: "home" };
}

const messageIn = (part: string | undefined): { messageId?: Snowflake } =>
  part !== undefined && ID.test(part) ? { messageId: part } : {};

export function format(route: Route): string {
  switch (route.place) {
    case "home":
      return "/";
    case "login":
    case "register":
      return `/${route.place}`;
    case "invite":
      return `/invite/${route.code}`;
    case "friends":
      return "/channels/@me";
    case "direct":
      return ["/channels/@me", route.channelId, route.messageId].filter((part) => part != null).join("/");
    case "guild":
      return ["/channels", route.guildId, route.channelId, route.messageId].filter((part) => part != null).join("/");
  }
}

/** The code in what a person pastes: a link or the bare code. */
export function inviteCode(text: string): string {
  return text.trim().replace(/\/+$/, "").split("/").at(-1) ?? "";
}
