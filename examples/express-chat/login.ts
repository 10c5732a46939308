import { createHash, randomUUID } from "node:crypto";
import type { Request, Response } from "express";

const COOKIE = /(?:^|; *)user=([0-9a-f-]{36})(?:;|$)/;

/**
 * The id of who asks: a stranger, known again by a random cookie. Replace it by your login.
 *
 * Whoever has the cookie is the user, so no script may read it and no other site's page may send it.
 */
export function userOf(request: Request, response: Response): string {
  const known = COOKIE.exec(request.headers.cookie ?? "")?.[1];
  const secret = known ?? randomUUID();
  if (!known) response.cookie("user", secret, { httpOnly: true, sameSite: "strict", secure: request.secure });
  // The user's id is in session ids, which the proxy logs: it must not tell the cookie.
  return createHash("sha256").update(secret).digest("hex").slice(0, 32);
}
