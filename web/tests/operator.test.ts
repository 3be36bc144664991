import { describe, expect, it } from "vitest";
import { line, NEW, SAMPLES, seen } from "../src/operator";
import type { Instance } from "../src/wire";
import { words } from "../src/words";

const rates = { requests: 1, messages: 2, events: 3, deliveries: 4, sent_bytes: 5, cpu: 0.5 };
const nobody = { sockets: 0, sessions: 6, online_users: 7, online_sessions: 0, guilds_kept: 0, members_kept: 8 };
const now: Instance = { at_ms: 1, versions: [], rates, ...nobody, bus: null, database: null, processes: [] };

describe("how the instance was", () => {
  it("is remembered for two minutes", () => {
    let history = NEW;
    for (let count = 0; count < SAMPLES + 5; count += 1) history = seen(history, { ...now, sessions: count });
    expect(history.samples).toHaveLength(SAMPLES);
    expect(history.samples.at(-1)?.sessions).toBe(SAMPLES + 4);
    expect(history.latest?.sessions).toBe(SAMPLES + 4);
  });

  it("is nothing where nobody knows", () => {
    expect(seen(NEW, now).samples[0]).toMatchObject({ messages: 2, sent: 5, online: 7, members: 8, lag: 0, size: 0 });
  });
});

describe("a line", () => {
  it("ends at the right edge and touches the top at its highest", () => {
    expect(line([0, 5, 10], 118, 36, 10)).toBe("114,36 116,18 118,0");
  });

  it("lies at the bottom when nothing happens", () => {
    expect(line([0, 0], 118, 36, 0)).toBe("116,36 118,36");
  });
});

describe("figures", () => {
  it("are short", () => {
    expect(words.operator.bytes(0)).toBe("0 B");
    expect(words.operator.bytes(1536)).toBe("1.5 KiB");
    expect(words.operator.bytes(5 * 2 ** 40)).toBe("5 TiB");
    expect(words.operator.span(59)).toBe("59 s");
    expect(words.operator.span(3700)).toBe("1 h 1 min");
    expect(words.operator.span(90_000)).toBe("1 d 1 h");
    expect(words.operator.milliseconds(0.0123)).toBe("12.3 ms");
  });
});
