import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../src/api";
import { fieldErrors, Refused, sentence, Unreachable } from "../src/http";

const fetch = vi.fn<typeof globalThis.fetch>();
const answer = (status: number, body: unknown): void => {
  const response = new Response(body === null ? null : JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json" },
  });
  fetch.mockResolvedValueOnce(response);
};

beforeEach(() => {
  fetch.mockReset();
  vi.stubGlobal("fetch", fetch);
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test("the token goes bare, and only where there is one", async () => {
  answer(204, null);
  await new Api("abc").logout();
  expect(fetch.mock.calls[0]![1]!.headers).toMatchObject({ Authorization: "abc" });
  answer(200, { token: "t" });
  await new Api(null).login("ann", "secret");
  expect(fetch.mock.calls[1]![1]!.headers).not.toHaveProperty("Authorization");
});

test("a form error names each field", async () => {
  const errors = {
    login: { _errors: [{ code: "X", message: "Wrong." }] },
    embeds: { 0: { title: { _errors: [{ code: "Y", message: "Long." }] } } },
  };
  expect(fieldErrors(errors)).toEqual({ login: "Wrong.", "embeds.0.title": "Long." });
  answer(400, { code: 50035, message: "Invalid Form Body", errors });
  const error: unknown = await new Api(null).login("", "").catch((one: unknown) => one);
  expect(error).toMatchObject({ status: 400, code: 50035, fields: { login: "Wrong." } });
  expect(sentence(error)).toBe("Wrong.");
});

test("no answer, and a gateway that found none, are not refusals", async () => {
  fetch.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  await expect(new Api(null).gateway()).rejects.toBeInstanceOf(Unreachable);
  fetch.mockResolvedValueOnce(new Response("<html>", { status: 502, headers: { "Content-Type": "text/html" } }));
  await expect(new Api(null).gateway()).rejects.toBeInstanceOf(Unreachable);
});

test("a rate limit is waited for", async () => {
  answer(429, { code: 0, message: "You are being rate limited.", retry_after: 0.7 });
  answer(200, { url: "ws://here" });
  const asked = new Api("abc").gateway();
  await vi.advanceTimersByTimeAsync(699);
  expect(fetch).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await asked).toEqual({ url: "ws://here" });
});

test("a token that no longer stands is told to whoever holds it", async () => {
  const unauthorized = vi.fn();
  answer(401, { code: 0, message: "401: Unauthorized" });
  await expect(new Api("abc", unauthorized).gateway()).rejects.toBeInstanceOf(Refused);
  expect(unauthorized).toHaveBeenCalledOnce();
});

test("an emoji is one segment of the path", async () => {
  answer(204, null);
  await new Api("abc").messages.react("PUT", "1", "2", { id: null, name: "👍" });
  expect(fetch.mock.calls[0]![0]).toBe("/api/v10/channels/1/messages/2/reactions/%F0%9F%91%8D/@me");
});
