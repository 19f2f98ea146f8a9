import { getCookie, setCookie } from "hono/cookie";
import type { PageContext } from "./context.ts";
import { type Keys, sign, unsign } from "./sign.ts";

export interface Message {
  readonly level: "success" | "info" | "error";
  readonly text: string;
}

/** Messages for the next page that is shown, in a signed cookie. */
export interface Flash {
  add(level: Message["level"], text: string): void;
  /** Shown now, so gone from then on. */
  take(): readonly Message[];
}

const cookie = "messages";

export function flashOf(c: PageContext, keys: Keys, secure: boolean): Flash {
  const received = unsign(keys, cookie, getCookie(c, cookie));
  let messages: Message[] = received ? (JSON.parse(Buffer.from(received, "base64url").toString()) as Message[]) : [];
  const store = (value: string, maxAge: number): void =>
    setCookie(c, cookie, value, { path: "/", httpOnly: true, sameSite: "Lax", secure, maxAge });
  return {
    add(level, text) {
      messages = [...messages, { level, text }].slice(-5);
      store(sign(keys, cookie, Buffer.from(JSON.stringify(messages)).toString("base64url")), 600);
    },
    take() {
      const shown = messages;
      if (shown.length > 0) store("", 0);
      messages = [];
      return shown;
    },
  };
}
