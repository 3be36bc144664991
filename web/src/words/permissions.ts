// What each permission lets one do. In the order of the lists that show them.

export const permissionGroups: readonly (readonly [string, readonly (readonly [bigint, string])[]])[] = [
  [
    "The guild",
    [
      [1n << 10n, "View channels"],
      [1n << 4n, "Manage channels"],
      [1n << 28n, "Manage roles"],
      [1n << 5n, "Manage the guild"],
      [1n << 43n, "Add emoji"],
      [1n << 30n, "Manage emoji"],
      [1n << 29n, "Manage webhooks"],
      [1n << 7n, "View the audit log"],
    ],
  ],
  [
    "Members",
    [
      [1n << 0n, "Create invites"],
      [1n << 26n, "Change own nickname"],
      [1n << 27n, "Manage nicknames"],
      [1n << 1n, "Kick members"],
      [1n << 2n, "Ban members"],
      [1n << 40n, "Time out members"],
    ],
  ],
  [
    "Messages",
    [
      [1n << 11n, "Send messages"],
      [1n << 16n, "Read history"],
      [1n << 6n, "Add reactions"],
      [1n << 15n, "Attach files"],
      [1n << 14n, "Embed links"],
      [1n << 18n, "Use emoji of other guilds"],
      [1n << 17n, "Mention everyone and all roles"],
      [1n << 13n, "Manage messages"],
      [1n << 51n, "Pin messages"],
      [1n << 52n, "Skip slow mode"],
    ],
  ],
  ["Everything", [[1n << 3n, "Administrator"]]],
];

/** Those that can differ in a channel. */
export const CHANNEL_BITS = [10, 4, 28, 29, 0, 11, 16, 6, 15, 14, 18, 17, 13, 51, 52].reduce(
  (all, bit) => all | (1n << BigInt(bit)),
  0n,
);

export const actionNames: Readonly<Record<number, string>> = {
  1: "changed the guild",
  10: "created a channel",
  11: "changed a channel",
  12: "deleted a channel",
  13: "set permissions of a channel",
  14: "changed permissions of a channel",
  15: "removed permissions of a channel",
  20: "kicked a member",
  21: "pruned members",
  22: "banned somebody",
  23: "lifted a ban",
  24: "changed a member",
  25: "changed the roles of a member",
  28: "added a bot",
  30: "created a role",
  31: "changed a role",
  32: "deleted a role",
  40: "created an invite",
  42: "revoked an invite",
  50: "created a webhook",
  51: "changed a webhook",
  52: "deleted a webhook",
  60: "added an emoji",
  61: "changed an emoji",
  62: "deleted an emoji",
  72: "deleted a message",
  73: "deleted messages",
  74: "pinned a message",
  75: "unpinned a message",
};
