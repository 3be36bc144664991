// A message as a notification says it.

import { inGuild } from "./lookup";
import { avatarUrl, displayName } from "./names";
import { navigation } from "./navigation.svelte";
import type { Told } from "./notifier";
import type { State } from "./state";
import type { Message } from "./wire";
import { words } from "./words";

export function announcement(state: State, message: Message): Told {
  const guild = inGuild(state, message.channel_id);
  const name = displayName(guild, message.author);
  const channel = guild?.channels[message.channel_id];
  return {
    title: channel === undefined ? name : `${name} · #${channel.name}`,
    body: message.content === "" ? words.messages.attachment : message.content,
    icon: avatarUrl(message.author),
    tag: message.channel_id,
    open: () =>
      navigation.go(
        guild === undefined
          ? { place: "direct", channelId: message.channel_id }
          : { place: "guild", guildId: guild.id, channelId: message.channel_id },
      ),
  };
}
