// One REST call, and what can go wrong with it: refused by the server, or not reached.

import type { ErrorBody, ErrorTree } from "./wire";
import { words } from "./words";

const BASE = "/api/v10";
const TRIES = 4; // a 429 says when to come back; after so many it is told to the person instead
const SLOW_MODE = 20016;

/** The server answered "no". `fields` holds a sentence per field of a form, by dotted path. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly fields: Record<string, string> = {},
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** No answer: the network or the server is away. Whether the call took effect is not known. */
export class Unreachable extends Error {
  constructor() {
    super(words.shell.unreachable);
  }
}

/** The first sentence of each field of a form error. */
export function fieldErrors(tree: ErrorTree, path = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, below] of Object.entries(tree)) {
    if (name === "_errors") {
      const [first] = below as { message: string }[];
      if (first !== undefined) found[path] = first.message;
    } else {
      Object.assign(found, fieldErrors(below as ErrorTree, path === "" ? name : `${path}.${name}`));
    }
  }
  return found;
}

/** What to tell the person. */
export function sentence(error: unknown): string {
  if (error instanceof Refused) return Object.values(error.fields)[0] ?? error.message;
  if (error instanceof Unreachable) return error.message;
  throw error;
}

/** What was asked for a form, as far as the form shows it. */
export const fieldsOf = (error: unknown): Record<string, string> => (error instanceof Refused ? error.fields : {});

export type Query = Record<string, string | number | boolean | null | undefined>;
export type Progress = (sent: number, total: number) => void;

interface Answer {
  status: number;
  json: boolean;
  text: string;
}

export class Http {
  constructor(
    readonly token: string | null,
    private readonly unauthorized: () => unknown = () => undefined,
  ) {}

  get<Reply>(path: string, query: Query = {}): Promise<Reply> {
    const told = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
    const asked = new URLSearchParams(told.map(([key, value]) => [key, String(value)])).toString();
    return this.call("GET", asked === "" ? path : `${path}?${asked}`);
  }

  /** `patience`: for so many ms. Whoever sets it must be able to ask again. */
  async call<Reply>(method: string, path: string, body?: object, reason = "", patience?: number): Promise<Reply> {
    const headers: Record<string, string> = {};
    if (this.token !== null) headers["Authorization"] = this.token;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (reason !== "") headers["X-Audit-Log-Reason"] = encodeURIComponent(reason);
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.asked(() => {
      const ended = patience === undefined ? {} : { signal: AbortSignal.timeout(patience) };
      return fetched(BASE + path, { method, headers, ...payload, ...ended });
    });
  }

  /** With files, and how far they are: which only the older kind of request tells. */
  upload<Reply>(path: string, json: object, files: readonly File[], progress: Progress): Promise<Reply> {
    return this.asked(() => {
      const form = new FormData();
      form.append("payload_json", JSON.stringify(json));
      for (const [index, file] of files.entries()) form.append(`files[${index}]`, file, file.name);
      return sent(BASE + path, this.token, form, progress);
    });
  }

  private async asked<Reply>(ask: () => Promise<Answer>): Promise<Reply> {
    for (let tries = 1; ; tries += 1) {
      const { status, json, text } = await ask();
      if (status === 204) return undefined as Reply;
      if (status < 300) return JSON.parse(text) as Reply;
      if (status >= 502) throw new Unreachable();
      // A proxy's error page is no JSON: then the status is all there is to tell.
      const error: ErrorBody = json ? JSON.parse(text) : { code: 0, message: words.shell.answered(status) };
      const wait = error.retry_after ?? null;
      if (status === 429 && wait !== null && error.code !== SLOW_MODE && tries < TRIES) {
        await new Promise((resume) => setTimeout(resume, wait * 1000));
        continue;
      }
      if (status === 401 && this.token !== null) this.unauthorized();
      throw new Refused(status, error.code, error.message, fieldErrors(error.errors ?? {}), wait);
    }
  }
}

const isJson = (type: string | null): boolean => type?.startsWith("application/json") ?? false;

async function fetched(url: string, request: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(url, request);
    return {
      status: response.status,
      json: isJson(response.headers.get("Content-Type")),
      text: await response.text(),
    };
  } catch {
    throw new Unreachable(); // `fetch` rejects only when there was no answer
  }
}

function sent(url: string, token: string | null, form: FormData, progress: Progress): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    if (token !== null) request.setRequestHeader("Authorization", token);
    request.upload.onprogress = (event) => progress(event.loaded, event.total);
    request.onerror = request.onabort = () => reject(new Unreachable());
    request.onload = () =>
      resolve({
        status: request.status,
        json: isJson(request.getResponseHeader("Content-Type")),
        text: request.responseText,
      });
    request.send(form);
  });
}
