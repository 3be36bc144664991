import { describe, expect, test } from "vitest";
import { announces, calls, fresh, isMuted, nextEnd } from "../src/muting";
import type { GuildSettings, Message } from "../src/wire";
import {
  after,
  ben,
  channel,
  GENERAL,
  guild,
  GUILD,
  me,
  member,
  message,
  opened,
  ready,
  role,
  type Told,
} from "./samples";
import { NOTHING, type State } from "../src/state";

const END = "2026-03-01T11:00:00+00:00";

const heard = (more: Partial<GuildSettings>): Told => ({
  t: "USER_GUILD_SETTINGS_UPDATE",
  d: { guild_id: GUILD, muted: false, mute_config: null, message_notifications: 3, channel_overrides: [], ...more },
});

const override = (id: string, muted: boolean, end_time: string | null = null, message_notifications = 3) =>
  ({ channel_id: id, muted, mute_config: { end_time, selected_time_window: null }, message_notifications }) as never;

const said = (more: Partial<Message>): Message => message("20", { author: ben, ...more });
const muted = (state: State): boolean => isMuted(state, state.guilds[GUILD], GENERAL);

describe("what is muted", () => {
  test("is a channel, those of a category, or a whole guild", () => {
    const hall = channel("300000000000000009", { type: 4 });
    const inside = after(NOTHING, ready(guild({ channels: [channel(GENERAL, { parent_id: hall.id }), hall] })));
    expect(muted(inside)).toBe(false);
    expect(muted(after(inside, heard({ channel_overrides: [override(GENERAL, true)] })))).toBe(true);
    expect(muted(after(inside, heard({ channel_overrides: [override(hall.id, true)] })))).toBe(true);
    expect(muted(after(inside, heard({ muted: true })))).toBe(true);
  });

  test("sounds again when its time is over, and not before", () => {
    const state = after(opened, heard({ channel_overrides: [override(GENERAL, true, END)] }));
    expect(nextEnd(state.muting)).toBe(Date.parse(END));
    expect(muted(after(state, { kind: "time", now: Date.parse(END) - 1 }))).toBe(true);
    const later = after(state, { kind: "time", now: Date.parse(END) });
    expect([muted(later), nextEnd(later.muting)]).toEqual([false, null]);
  });

  test("shows nothing new, and calls by the reader's own name only", () => {
    const state = after(opened, heard({ muted: true }), { t: "MESSAGE_CREATE", d: said({ mention_everyone: true }) });
    const here = state.guilds[GUILD]!;
    expect(fresh(state, here, here.channels[GENERAL]!)).toBe(false);
    expect(state.mentions[GENERAL]).toBeUndefined();
    expect(calls(state, said({ mentions: [me] as never }))).toBe(true);
    expect(announces(state, said({ mentions: [me] as never }))).toBe(false);
  });
});

test("everyone and roles call unless the reader does not want that", () => {
  const guard = role("400000000000000001", {});
  const state = after(NOTHING, ready(guild({ roles: [guard], members: [member(me, [guard.id])] })));
  const [all, some] = [said({ mention_everyone: true }), said({ mention_roles: [guard.id] })];
  expect([all, some].map((one) => calls(state, one))).toEqual([true, true]);
  const quiet = after(state, heard({ suppress_everyone: true, suppress_roles: true }));
  expect([all, some].map((one) => calls(quiet, one))).toEqual([false, false]);
});

test("one is told of everything, of what calls one, or of nothing: by channel, by guild, or as is usual there", () => {
  const [plain, call] = [said({}), said({ mentions: [me] as never })];
  const told = (state: State): boolean[] => [plain, call].map((one) => announces(state, one));
  const usual = after(NOTHING, ready(guild({ default_message_notifications: 1 })));
  expect(told(usual)).toEqual([false, true]);
  expect(told(after(usual, heard({ message_notifications: 0 })))).toEqual([true, true]);
  const louder = heard({ message_notifications: 2, channel_overrides: [override(GENERAL, false, null, 0)] });
  expect(told(after(usual, louder))).toEqual([true, true]);
  expect(told(after(usual, heard({ message_notifications: 2 })))).toEqual([false, false]);
});
