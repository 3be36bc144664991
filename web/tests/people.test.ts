import { describe, expect, test } from "vitest";
import { firstAt } from "../src/snowflakes";
import { unread, NOTHING, type State } from "../src/state";
import {
  after,
  ben,
  channel,
  GENERAL,
  guild,
  GUILD,
  here,
  me,
  message,
  opened,
  ready,
  role,
  user,
  type Told,
} from "./samples";

const DIRECT = "400000000000000001";
const direct = { id: DIRECT, type: 1, recipients: [ben], last_message_id: null };
const whole = (more: object): Told => ({ t: "READY", d: { user: me, guilds: [guild()], session_id: "s1", ...more } });
const inDirect = (id: string, more: object = {}) =>
  ({ t: "MESSAGE_CREATE", d: { ...message(id, { channel_id: DIRECT, ...more }), guild_id: undefined } }) as Told;

describe("friends", () => {
  const friend = { id: ben.id, type: 1, nickname: null, user: ben };

  test("come with READY and by their events, are renamed, and go", () => {
    const first = after(NOTHING, whole({ relationships: [friend] }));
    expect(first.people.relationships[ben.id]).toEqual(friend);
    const named = after(first, { t: "RELATIONSHIP_UPDATE", d: { id: ben.id, type: 1, nickname: "Benny" } } as Told);
    expect(named.people.relationships[ben.id]!.nickname).toBe("Benny");
    const asked = after(named, { t: "RELATIONSHIP_ADD", d: { id: "7", type: 3, nickname: null, user: user("7") } });
    expect(Object.keys(asked.people.relationships).sort()).toEqual(["7", ben.id].sort());
    const gone = after(asked, { t: "RELATIONSHIP_REMOVE", d: { id: ben.id, type: 1 } } as Told);
    expect(Object.keys(gone.people.relationships)).toEqual(["7"]);
  });

  test("are here or not by presences without a guild", () => {
    const first = after(NOTHING, whole({ presences: [here(ben.id, "idle")] }));
    expect(first.people.presences[ben.id]?.status).toBe("idle");
    expect(after(first, { t: "PRESENCE_UPDATE", d: here(ben.id, "offline") }).people.presences).toEqual({});
  });
});

describe("a conversation outside of guilds", () => {
  test("comes with READY or when it is opened, and goes when it is closed", () => {
    expect(after(NOTHING, whole({ private_channels: [direct] })).people.directs[DIRECT]).toEqual(direct);
    const named = after(
      NOTHING,
      whole({ private_channels: [{ id: DIRECT, type: 1, recipient_ids: [ben.id] }], users: [ben] }),
    );
    expect(named.people.directs[DIRECT]!.recipients).toEqual([ben]);
    const told = after(opened, { t: "CHANNEL_CREATE", d: direct });
    expect(told.people.directs[DIRECT]!.recipients).toEqual([ben]);
    expect(after(told, { t: "CHANNEL_DELETE", d: direct }).people.directs).toEqual({});
  });

  test("counts what others say until it is seen", () => {
    const told = after(opened, { t: "CHANNEL_CREATE", d: direct }, inDirect("50"), inDirect("51"));
    expect([told.mentions[DIRECT], told.people.directs[DIRECT]!.last_message_id]).toEqual([2, "51"]);
    expect(unread(told, told.people.directs[DIRECT]!)).toBe(true);
    const seen = after(told, { kind: "seen", channelId: DIRECT });
    expect([seen.mentions, unread(seen, seen.people.directs[DIRECT]!)]).toEqual([{}, false]);
    expect(after(seen, inDirect("52", { author: me })).mentions).toEqual({});
  });

  test("gains and loses people, and ends for whoever leaves", () => {
    const group = { ...direct, type: 3 };
    const carl = user("7", "carl");
    const grown = after(
      opened,
      { t: "CHANNEL_CREATE", d: group },
      {
        t: "CHANNEL_RECIPIENT_ADD",
        d: { channel_id: DIRECT, user: carl },
      },
    );
    expect(grown.people.directs[DIRECT]!.recipients).toEqual([ben, carl]);
    const left = after(grown, { t: "CHANNEL_RECIPIENT_REMOVE", d: { channel_id: DIRECT, user: ben } });
    expect(left.people.directs[DIRECT]!.recipients).toEqual([carl]);
    expect(after(left, { t: "CHANNEL_RECIPIENT_REMOVE", d: { channel_id: DIRECT, user: me } }).people.directs).toEqual(
      {},
    );
  });
});

describe("what one has read", () => {
  const states = [{ id: GENERAL, last_message_id: "9", mention_count: 2 }];
  const general = guild({ channels: [channel(GENERAL, { last_message_id: "12" })] });
  const begun = (d: object): State =>
    after(NOTHING, { t: "READY", d: { user: me, guilds: [general], session_id: "s", ...d } });

  test("is told by the server, as a list or within an object", () => {
    for (const read_state of [states, { entries: states }]) {
      const state = begun({ read_state });
      expect([state.seen[GENERAL], state.mentions[GENERAL], state.acks]).toEqual(["9", 2, true]);
      expect(unread(state, state.guilds[GUILD]!.channels[GENERAL]!)).toBe(true);
    }
  });

  test("begins where one came in, when nothing was read yet", () => {
    const at = (time: string): string => firstAt(Date.parse(time));
    const said = channel("310000000000000000", { last_message_id: at("2026-02-01T00:00:00Z") });
    const old = channel("320000000000000000", { last_message_id: at("2025-12-01T00:00:00Z") });
    const state = after(NOTHING, {
      t: "READY",
      d: { user: me, guilds: [guild({ channels: [said, old] })], session_id: "s", read_state: [] },
    });
    const { channels } = state.guilds[GUILD]!;
    expect([said, old].map(({ id }) => unread(state, channels[id]!))).toEqual([true, false]);
  });

  test("is the same in every tab, forward and back", () => {
    const ack = (message_id: string, mention_count = 0): Told =>
      ({ t: "MESSAGE_ACK", d: { channel_id: GENERAL, message_id, mention_count } }) as Told;
    const read = after(begun({ read_state: states }), ack("12"));
    expect([read.seen[GENERAL], read.mentions]).toEqual(["12", {}]);
    const back = after(read, ack("10", 1));
    expect([back.seen[GENERAL], back.mentions[GENERAL]]).toEqual(["10", 1]);
  });

  test("counts what names the reader, a role of theirs, or everybody", () => {
    const held = { user: me, nick: null, roles: ["8"] };
    const state = after(
      opened,
      { t: "GUILD_ROLE_CREATE", d: { guild_id: GUILD, role: role("8", {}) } },
      {
        t: "GUILD_MEMBER_UPDATE",
        d: { ...held, guild_id: GUILD },
      },
    );
    const said = (id: string, more: object): Told => ({ t: "MESSAGE_CREATE", d: message(id, more) }) as Told;
    const named = after(
      state,
      said("20", { mentions: [me] }),
      said("21", { mention_roles: ["8"] }),
      said("22", { mention_everyone: true }),
      said("23", { mentions: [ben] }),
    );
    expect(named.mentions[GENERAL]).toBe(3);
  });
});

test("guilds that are only announced stay as they were until they are told", () => {
  const known = after(NOTHING, ready(guild({ name: "Before" })));
  const again = after(known, whole({ guilds: [{ id: GUILD, unavailable: true }] }));
  expect(again.guilds[GUILD]!.name).toBe("Before");
  expect(after(again, { t: "GUILD_CREATE", d: guild({ name: "After" }) }).guilds[GUILD]!.name).toBe("After");
  expect(after(NOTHING, whole({ guilds: [{ id: GUILD, unavailable: true }] })).guilds).toEqual({});
});
