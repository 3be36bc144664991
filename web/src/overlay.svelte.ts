// The one thing that stands above everything: a dialog, or the settings of something.

import type { Snowflake } from "./wire";

export type Overlay =
  | { kind: "guild"; what: "create" | "join" }
  | { kind: "invite"; guildId: Snowflake }
  | { kind: "guild settings"; guildId: Snowflake; tab?: string }
  | { kind: "channel settings"; guildId: Snowflake; channelId: Snowflake }
  | { kind: "create channel"; guildId: Snowflake; parentId: Snowflake | null }
  | { kind: "create category"; guildId: Snowflake }
  | { kind: "leave"; guildId: Snowflake }
  | { kind: "account"; tab?: string }
  | { kind: "developers"; tab?: string }
  | { kind: "group"; channelId: Snowflake | null }
  | { kind: "group settings"; channelId: Snowflake }
  | { kind: "hearing"; guildId: Snowflake }
  | { kind: "jump" }
  | { kind: "keys" };

class Overlayed {
  shown = $state.raw<Overlay | null>(null);

  open(what: Overlay): void {
    this.shown = what;
  }

  close(): void {
    this.shown = null;
  }
}

export const overlay = new Overlayed();
