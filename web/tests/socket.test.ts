import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Socket } from "../src/socket";
import type { Dispatch } from "../src/wire";
import { guild, message, ready } from "./samples";

/** The far end of a WebSocket: what the app sent, and a hand to answer with. */
class FarEnd {
  static readonly OPEN = 1;
  static opened: FarEnd[] = [];
  readyState = 1;
  sent: { op: number; d: unknown }[] = [];
  closedWith: number | undefined;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string) {
    FarEnd.opened.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(code: number): void {
    this.closedWith = code;
  }
  says(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  hello(): void {
    this.says({ op: 10, d: { heartbeat_interval: 40_000 } });
  }
}

const listener = { dispatch: vi.fn<(dispatch: Dispatch) => void>(), status: vi.fn(), refused: vi.fn() };
const last = (): FarEnd => FarEnd.opened.at(-1)!;
let socket: Socket;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  vi.stubGlobal("WebSocket", FarEnd);
  FarEnd.opened = [];
  socket = new Socket(
    async () => "ws://here/gateway/",
    "token",
    listener,
    () => 0.5,
  );
  socket.open();
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(() => vi.useRealTimers());

function goLive(): void {
  last().hello();
  last().says({ op: 0, s: 2, ...ready(guild()) });
}

test("it identifies after HELLO and is live after READY", () => {
  expect(last().url).toBe("ws://here/gateway/?v=10&encoding=json");
  last().hello();
  expect(last().sent[0]).toMatchObject({ op: 2, d: { token: "token", capabilities: 0 } });
  expect(last().sent[0]!.d).not.toHaveProperty("intents");
  last().says({ op: 0, s: 2, ...ready(guild()) });
  expect(listener.status).toHaveBeenLastCalledWith("live");
});

test("it resumes with the last seq after a loss", () => {
  goLive();
  last().says({ op: 0, s: 8, t: "MESSAGE_CREATE", d: message("1") });
  last().onclose!({ code: 1006 });
  expect(listener.status).toHaveBeenLastCalledWith("lost");
  vi.advanceTimersByTime(500);
  last().hello();
  expect(last().sent).toEqual([{ op: 6, d: { token: "token", session_id: "s1", seq: 8 } }]);
});

test("it waits longer after each failure and starts over after success", () => {
  goLive();
  for (const wait of [375, 750, 1500]) {
    last().onclose!({ code: 1006 });
    const before = FarEnd.opened.length;
    vi.advanceTimersByTime(wait - 1);
    expect(FarEnd.opened).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(FarEnd.opened).toHaveLength(before + 1);
  }
  goLive();
  last().onclose!({ code: 1006 });
  vi.advanceTimersByTime(375);
  expect(FarEnd.opened).toHaveLength(5);
});

test("it resumes when the server asks it to reconnect", () => {
  goLive();
  last().says({ op: 7, d: null });
  expect(FarEnd.opened[0]!.closedWith).toBe(4000);
  vi.advanceTimersByTime(500);
  last().hello();
  expect(last().sent[0]).toMatchObject({ op: 6, d: { seq: 2 } });
});

test("it starts afresh when its session is not to be resumed", () => {
  goLive();
  last().says({ op: 9, d: false });
  vi.advanceTimersByTime(500);
  last().hello();
  expect(last().sent[0]).toMatchObject({ op: 2 });
});

test("it beats at the interval it was given, and gives up a line that does not answer", () => {
  goLive();
  vi.advanceTimersByTime(20_000);
  expect(last().sent.at(-1)).toEqual({ op: 1, d: 2 });
  last().says({ op: 11 });
  vi.advanceTimersByTime(40_000);
  expect(last().closedWith).toBeUndefined();
  vi.advanceTimersByTime(40_000);
  expect(last().closedWith).toBe(4000);
  expect(listener.status).toHaveBeenLastCalledWith("lost");
});

test("it beats at once when asked", () => {
  goLive();
  last().says({ op: 1, d: null });
  expect(last().sent.at(-1)).toEqual({ op: 1, d: 2 });
});

test("it does not come back when the token no longer stands", () => {
  goLive();
  last().onclose!({ code: 4004 });
  vi.advanceTimersByTime(60_000);
  expect(listener.refused).toHaveBeenCalledWith(4004);
  expect(FarEnd.opened).toHaveLength(1);
});

test("it gives up a server that never says HELLO", () => {
  vi.advanceTimersByTime(10_000);
  expect(last().closedWith).toBe(4000);
});

test("it cuts its pause short when hurried, and only then", () => {
  goLive();
  socket.hurry();
  expect(FarEnd.opened).toHaveLength(1);
  last().onclose!({ code: 1006 });
  socket.hurry();
  expect(FarEnd.opened).toHaveLength(2);
  vi.advanceTimersByTime(500);
  expect(FarEnd.opened).toHaveLength(2);
});

test("it asks a line that may have died whether it lives when hurried, and gives up one that does not answer", () => {
  goLive();
  socket.hurry();
  expect(last().sent.at(-1)).toEqual({ op: 1, d: 2 });
  last().says({ op: 11 });
  vi.advanceTimersByTime(10_000);
  expect(last().closedWith).toBeUndefined();
  socket.hurry();
  vi.advanceTimersByTime(10_000);
  expect(last().closedWith).toBe(4000);
});

test("what failed before it was hurried does not make it wait long after", () => {
  goLive();
  for (const wait of [375, 750, 1500, 3000, 6000]) {
    last().onclose!({ code: 1006 });
    vi.advanceTimersByTime(wait);
  }
  socket.hurry();
  const before = FarEnd.opened.length;
  last().onclose!({ code: 1006 });
  vi.advanceTimersByTime(375);
  expect(FarEnd.opened).toHaveLength(before + 1);
});

test("it ends the session when it is closed", () => {
  goLive();
  socket.close();
  vi.advanceTimersByTime(60_000);
  expect([FarEnd.opened.length, last().closedWith]).toEqual([1, 1000]);
});
