import { describe, expect, test } from "vitest";
import { NOTHING, unread, type Event, type State } from "../src/state";
import { KEPT } from "../src/timeline";
import type { Message } from "../src/wire";
import {
  after,
  asked,
  ben,
  came,
  channel,
  dispatch,
  GENERAL,
  guild,
  GUILD,
  here,
  me,
  member,
  message,
  opened,
  ready,
  role,
  user,
  type Told,
} from "./samples";

const ids = (state: State): string[] => state.timelines[GENERAL]!.messages.map(({ id }) => id);
const created = (id: string, more: Partial<Message> = {}) => ({ t: "MESSAGE_CREATE" as const, d: message(id, more) });

describe("a channel's messages", () => {
  test("stand in the order of their ids, each once", () => {
    const state = after(opened, created("12"), created("9"), created("12"), created("10"));
    expect(ids(state)).toEqual(["9", "10", "12"]);
  });

  test("are changed and removed by their events", () => {
    const edit = {
      t: "MESSAGE_UPDATE" as const,
      d: message("10", { content: "new", edited_timestamp: "2026-03-01T10:01:00+00:00" }),
    };
    const state = after(opened, created("10"), created("11"), edit, {
      t: "MESSAGE_DELETE",
      d: { id: "11", channel_id: GENERAL },
    });
    expect(state.timelines[GENERAL]!.messages.map(({ content }) => content)).toEqual(["new"]);
  });

  test("are not brought back by a page that was read before their deletion", () => {
    const state = after(
      opened,
      asked("newest"),
      created("12"),
      { t: "MESSAGE_DELETE", d: { id: "11", channel_id: GENERAL } },
      { t: "MESSAGE_UPDATE", d: message("10", { content: "new", edited_timestamp: "2026-03-01T10:01:00+00:00" }) },
      came([message("11"), message("10")]),
    );
    expect(ids(state)).toEqual(["10", "12"]);
    expect(state.timelines[GENERAL]!.messages[0]!.content).toBe("new");
  });

  test("are bounded, and say that there is more on the side that was given up", () => {
    const page = (from: number): Message[] => Array.from({ length: KEPT }, (_, index) => message(String(from - index)));
    const state = after(opened, asked("newest"), came(page(2000), true), asked("older"), came(page(1750), true));
    const timeline = state.timelines[GENERAL]!;
    expect([timeline.messages.length, timeline.older, timeline.newer]).toEqual([KEPT, true, true]);
    expect(ids(after(state, created("3000"))).at(-1)).toBe("1750");
  });

  test("are shown as stale after a new session, until they are read again", () => {
    const state = after(opened, created("10"), ready(guild()));
    expect(state.timelines[GENERAL]!.stale).toBe(true);
    expect(ids(after(state, asked("newest"), came([message("11")])))).toEqual(["11"]);
  });
});

test("a page that was asked for before a new session is not taken for the one asked for after it", () => {
  const state = after(opened, asked("newest", 2), ready(guild()), asked("newest", 3), came([message("10")], false, 2));
  expect(ids(state)).toEqual([]);
  expect(ids(after(state, came([message("11")], false, 3)))).toEqual(["11"]);
});

describe("an own message", () => {
  const sending: Event = {
    kind: "sending",
    channelId: GENERAL,
    pending: { nonce: "n1", content: "hi", at: "2026-03-01T10:00:00Z", replyTo: null, files: [], status: "sending" },
  };

  test("is shown at once and gives way to what the server made of it", () => {
    const state = after(opened, sending);
    expect(state.timelines[GENERAL]!.pending).toHaveLength(1);
    const sent = after(state, created("10", { author: me, nonce: "n1" }));
    expect(sent.timelines[GENERAL]!.pending).toEqual([]);
    expect(ids(sent)).toEqual(["10"]);
  });

  test("is not taken away by a stranger's nonce", () => {
    expect(after(opened, sending, created("10", { nonce: "n1" })).timelines[GENERAL]!.pending).toHaveLength(1);
  });
});

describe("reactions", () => {
  const emoji = { id: null, name: "👍" };
  const change = (user_id: string) => ({ user_id, channel_id: GENERAL, message_id: "10", emoji });

  test("are counted, one's own once, and vanish at nought", () => {
    const given = after(
      opened,
      created("10"),
      { t: "MESSAGE_REACTION_ADD", d: change(ben.id) },
      { t: "MESSAGE_REACTION_ADD", d: change(me.id) },
      { t: "MESSAGE_REACTION_ADD", d: change(me.id) },
    );
    expect(given.timelines[GENERAL]!.messages[0]!.reactions).toMatchObject([{ emoji, count: 2, me: true }]);
    const taken = after(
      given,
      { t: "MESSAGE_REACTION_REMOVE", d: change(me.id) },
      { t: "MESSAGE_REACTION_REMOVE", d: change(ben.id) },
    );
    expect(taken.timelines[GENERAL]!.messages[0]!.reactions).toEqual([]);
  });

  test("of a guild's own are known by their id, and those of one name apart", () => {
    const own = (id: string, name: string) => ({ ...change(ben.id), emoji: { id, name, animated: false } });
    const given = after(
      opened,
      created("10"),
      { t: "MESSAGE_REACTION_ADD", d: own("71", "party") },
      { t: "MESSAGE_REACTION_ADD", d: own("72", "party") },
      { t: "MESSAGE_REACTION_ADD", d: own("71", "feast") },
    );
    const counts = given.timelines[GENERAL]!.messages[0]!.reactions!.map(({ emoji, count }) => [emoji.id, count]);
    expect(counts).toEqual([
      ["71", 2],
      ["72", 1],
    ]);
  });
});

describe("typing", () => {
  const typing = { t: "TYPING_START" as const, d: { channel_id: GENERAL, user_id: ben.id } };

  test("ends with the message", () => {
    expect(after(opened, typing).typing[GENERAL]).toHaveProperty(ben.id);
    expect(after(opened, typing, created("10")).typing[GENERAL]).toEqual({});
  });

  test("ends ten seconds after its last sign", () => {
    const state = after(opened, dispatch(typing, 1_000));
    expect(after(state, { kind: "time", now: 10_999 }).typing[GENERAL]).toHaveProperty(ben.id);
    expect(after(state, { kind: "time", now: 11_000 }).typing).toEqual({});
  });

  test("of oneself is not shown", () => {
    expect(after(opened, { ...typing, d: { ...typing.d, user_id: me.id } }).typing).toEqual({});
  });
});

describe("a guild", () => {
  test("comes and goes with its channels and what was said in them", () => {
    const gone = after(opened, created("10"), { t: "GUILD_DELETE", d: { id: GUILD } });
    expect([gone.guilds, gone.timelines]).toEqual([{}, {}]);
    expect(after(gone, { t: "GUILD_CREATE", d: guild() }).guilds[GUILD]!.channels).toHaveProperty(GENERAL);
  });

  test("counts each member once", () => {
    const carl = { ...member(user("7")), guild_id: GUILD };
    const joined = after(opened, { t: "GUILD_MEMBER_ADD", d: carl }, { t: "GUILD_MEMBER_ADD", d: carl });
    expect(joined.guilds[GUILD]!.member_count).toBe(3);
    expect(joined.guilds[GUILD]!.members["7"]).not.toHaveProperty("guild_id");
    const left = after(joined, { t: "GUILD_MEMBER_REMOVE", d: { guild_id: GUILD, user: carl.user } });
    expect(left.guilds[GUILD]!.member_count).toBe(2);
  });

  test("knows who is here until they go or leave", () => {
    const comes = { t: "PRESENCE_UPDATE", d: { ...here(ben.id, "idle"), guild_id: GUILD } } as Told;
    const came = after(opened, comes);
    expect(Object.keys(came.guilds[GUILD]!.presences)).toEqual([me.id, ben.id]);
    expect(came.guilds[GUILD]!.presences[ben.id]).toEqual(here(ben.id, "idle"));
    const gone = after(came, { t: "PRESENCE_UPDATE", d: { ...here(ben.id, "offline"), guild_id: GUILD } });
    expect(Object.keys(gone.guilds[GUILD]!.presences)).toEqual([me.id]);
    const left = after(came, { t: "GUILD_MEMBER_REMOVE", d: { guild_id: GUILD, user: ben } });
    expect(Object.keys(left.guilds[GUILD]!.presences)).toEqual([me.id]);
  });

  test("forgets a deleted role in its members too", () => {
    const state = after(
      opened,
      { t: "GUILD_ROLE_CREATE", d: { guild_id: GUILD, role: role("8", {}) } },
      { t: "GUILD_MEMBER_UPDATE", d: { ...member(ben, ["8"]), guild_id: GUILD } },
      { t: "GUILD_ROLE_DELETE", d: { guild_id: GUILD, role_id: "8" } },
    );
    expect(state).toEqual(opened);
  });

  test("loses a channel with its messages", () => {
    const state = after(opened, { t: "CHANNEL_DELETE", d: channel(GENERAL) });
    expect([state.guilds[GUILD]!.channels, state.timelines]).toEqual([{}, {}]);
  });
});

test("a channel is unread from another's message until it is seen", () => {
  const general = (state: State) => state.guilds[GUILD]!.channels[GENERAL]!;
  const first = after(NOTHING, ready(guild({ channels: [channel(GENERAL, { last_message_id: "9" })] })));
  expect(unread(first, general(first))).toBe(false);
  const told = after(first, created("10"));
  expect(unread(told, general(told))).toBe(true);
  const seen = after(told, { kind: "seen", channelId: GENERAL });
  expect(unread(seen, general(seen))).toBe(false);
  const own = after(seen, created("11", { author: me }));
  expect(unread(own, general(own))).toBe(false);
});

test("an event that the app does not know changes nothing", () => {
  for (const t of ["INVITE_CREATE", "MESSAGE_POLL_VOTE_ADD"]) {
    expect(after(opened, { t, d: { channel_id: GENERAL } } as unknown as Told)).toBe(opened);
  }
});
