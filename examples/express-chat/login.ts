import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";

const COOKIE = /(?:^|; *)user=([0-9a-f-]{36})(?:;|$)/;

/**
 * Who asks: a stranger, known again by a random cookie. Replace it by your login.
 *
 * Whoever has the cookie is the user, so no script may read it and no other site's page may send it.
 */
export function userOf(request: Request, response: Response): string {
  const known = COOKIE.exec(request.headers.cookie ?? "")?.[1];
  if (known) return known;
  const user = randomUUID();
  response.cookie("user", user, { httpOnly: true, sameSite: "strict", secure: request.secure });
  return user;
}
