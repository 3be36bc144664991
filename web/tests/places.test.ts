import { describe, expect, test } from "vitest";
import { channelGroups, displayName, initials, memberGroups, nameColor, statusText } from "../src/names";
import { inChannel, inGuild, MANAGE_CHANNELS, SEND_MESSAGES, VIEW_CHANNEL } from "../src/permissions";
import { redirect } from "../src/places";
import { format, inviteCode, parse } from "../src/router";
import { NOTHING, type GuildState } from "../src/state";
import type { GuildCreate } from "../src/wire";
import {
  here,
  after,
  ben,
  channel,
  everyone,
  GENERAL,
  guild,
  GUILD,
  me,
  member,
  opened,
  ready,
  role,
  user,
} from "./samples";

const shaped = (more: Partial<GuildCreate>): GuildState => after(NOTHING, ready(guild(more))).guilds[GUILD]!;

describe("addresses", () => {
  test.each(["/", "/login", "/register", "/invite/aB3", `/channels/${GUILD}`, `/channels/${GUILD}/${GENERAL}`])(
    "%s is read and written alike",
    (path) => expect(format(parse(path))).toBe(path),
  );

  test.each(["/nowhere", "/channels", "/channels/me", "/invite/", "/invite/%E0%A4%A", ""])("%s leads home", (path) => {
    expect(parse(path)).toEqual({ place: "home" });
  });

  test("an invite is known by its code, its link or its link's last part", () => {
    expect(["aB3", " https://example.org/invite/aB3 ", "example.org/invite/aB3/"].map(inviteCode)).toEqual([
      "aB3",
      "aB3",
      "aB3",
    ]);
  });
});

describe("a reader is sent", () => {
  const at = (guildId: string, channelId: string | null) => ({ place: "guild" as const, guildId, channelId });

  test("nowhere before the first READY, and nowhere from a good place", () => {
    expect(redirect(NOTHING, at("1", "2"), true)).toBeNull();
    expect(redirect(opened, at(GUILD, GENERAL), true)).toBeNull();
  });

  test("to the first channel on a wide screen, and to the list on a narrow one", () => {
    expect(redirect(opened, at(GUILD, null), true)).toEqual({ to: at(GUILD, GENERAL) });
    expect(redirect(opened, at(GUILD, null), false)).toBeNull();
  });

  test("away from what is gone, with the reason", () => {
    expect(redirect(opened, at(GUILD, "7"), true)).toMatchObject({
      to: at(GUILD, null),
      because: expect.stringContaining("channel"),
    });
    expect(redirect(opened, at("7", null), true)).toMatchObject({
      to: { place: "home" },
      because: expect.stringContaining("guild"),
    });
  });

  test("from the entrance into a guild, or home", () => {
    expect(redirect(opened, { place: "login" }, true)).toEqual({ to: at(GUILD, null) });
    expect(redirect(after(NOTHING, ready()), { place: "login" }, true)).toEqual({ to: { place: "home" } });
  });
});

describe("names", () => {
  test("a nickname comes before a chosen name, and that before the username", () => {
    const chosen = { ...ben, global_name: "Ben of Bath" };
    expect(displayName(undefined, ben)).toBe("ben");
    expect(displayName(shaped({ members: [member(chosen)] }), ben)).toBe("Ben of Bath");
    expect(displayName(shaped({ members: [{ ...member(chosen), nick: "Benny" }] }), ben)).toBe("Benny");
  });

  test("have the colour of the highest role that has one", () => {
    const roles = [
      everyone,
      role("5", { position: 1, color: 0xff }),
      role("6", { position: 2, color: 0xaa00 }),
      role("7", { position: 3 }),
    ];
    expect(nameColor(shaped({ roles, members: [member(ben, ["5", "6", "7"])] }), ben.id)).toBe("#00aa00");
    expect(nameColor(shaped({ roles }), ben.id)).toBeNull();
  });

  test("are shortened to the first letters of two words, whatever the script", () => {
    expect(["ann", "Ann van Dyke", "🚆 line", "نور الهدى", " "].map(initials)).toEqual(["A", "AV", "🚆L", "نا", ""]);
  });

  test("members stand once, those who are here under their highest hoisted role", () => {
    const roles = [
      everyone,
      role("5", { name: "Staff", position: 1, hoist: true }),
      role("6", { name: "Head", position: 2, hoist: true }),
    ];
    const members = [member(user("3", "zoe")), member(me, ["5", "6"]), member(ben, ["5"]), member(user("4", "Abe"))];
    const presences = [here(me.id), here(user("3").id), here(user("4").id, "dnd")];
    const groups = memberGroups(shaped({ roles, members, presences }));
    expect(groups.map(({ title, members }) => [title, ...members.map(({ user }) => user.username)])).toEqual([
      ["Head", "ann"],
      ["Online", "Abe", "zoe"],
      ["Offline", "ben"],
    ]);
  });

  test("what somebody shows is their own words, or what they do", () => {
    const tea = { name: "x", type: 4, created_at: 1, state: "tea", emoji: { name: "🍵", id: null } };
    const chess = { name: "Chess", type: 0, created_at: 1 };
    const presences = [here(me.id, "idle", [chess, tea]), here(ben.id, "online", [chess])];
    const of = shaped({ presences });
    expect([me.id, ben.id, "9"].map((id) => statusText(of.presences[id]))).toEqual(["🍵 tea", "Chess", ""]);
  });

  test("channels stand under their category, and without one where that can not be seen", () => {
    const channels = [
      channel("5", { parent_id: "9", position: 2 }),
      channel("6", { parent_id: "8" }),
      channel("7", { position: 1 }),
      channel("9", { type: 4 }),
    ];
    const groups = channelGroups(shaped({ channels }));
    expect(groups.map(({ category, channels }) => [category?.id, ...channels.map(({ id }) => id)])).toEqual([
      [undefined, "6", "7"],
      ["9", "5"],
    ]);
  });
});

describe("permissions", () => {
  const owner = { owner_id: "1" };

  test("the owner and an administrator may all", () => {
    expect(inGuild(shaped({}), me.id) & MANAGE_CHANNELS).not.toBe(0n);
    const roles = [everyone, role("5", { permissions: "8" })];
    expect(inGuild(shaped({ ...owner, roles, members: [member(ben, ["5"])] }), ben.id) & MANAGE_CHANNELS).not.toBe(0n);
  });

  test("overwrites apply by kind, not by row", () => {
    const send = String(SEND_MESSAGES);
    const rows = [
      { id: ben.id, type: 1 as const, allow: send, deny: "0" },
      { id: GUILD, type: 0 as const, allow: "0", deny: send },
    ];
    const there = channel("5", { permission_overwrites: rows });
    expect(inChannel(shaped({ ...owner, channels: [there] }), ben.id, there) & SEND_MESSAGES).not.toBe(0n);
    expect(inChannel(shaped({ ...owner, channels: [there] }), "7", there) & SEND_MESSAGES).toBe(0n);
  });

  test("who may not see a channel may nothing in it", () => {
    const there = channel("5", {
      permission_overwrites: [{ id: GUILD, type: 0, allow: "0", deny: String(VIEW_CHANNEL) }],
    });
    expect(inChannel(shaped({ ...owner, channels: [there] }), ben.id, there)).toBe(0n);
  });
});
