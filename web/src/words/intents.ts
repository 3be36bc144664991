// What each intent lets a bot hear: its bit, and what it is called.

export const intentNames: readonly (readonly [number, string])[] = [
  [0, "Guilds, channels and roles"],
  [1, "Members who come, change and go"],
  [2, "Bans and the audit log"],
  [3, "Emoji"],
  [5, "Webhooks"],
  [6, "Invites"],
  [8, "Presences"],
  [9, "Messages in guilds"],
  [10, "Reactions in guilds"],
  [11, "Typing in guilds"],
  [12, "Direct messages"],
  [13, "Reactions in direct messages"],
  [14, "Typing in direct messages"],
  [15, "What messages say"],
];
