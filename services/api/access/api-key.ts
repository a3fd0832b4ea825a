import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** `berth_<id>_<secret>`: the id finds the row, the secret proves it. */
const TOKEN_PATTERN = /^berth_([0-9a-f]{32})_([A-Za-z0-9_-]{43})$/;

export function generateApiKey(): { id: string; token: string; secretHash: string } {
  const id = uuidv7();
  const secret = randomBytes(32).toString('base64url');
  return { id, token: `berth_${id.replaceAll('-', '')}_${secret}`, secretHash: hashSecret(secret) };
}

/** Null where it is no key of ours. */
export function parseApiKey(token: string): { id: string; secretHash: string } | null {
  const [, hex, secret] = TOKEN_PATTERN.exec(token) ?? [];
  if (!hex || !secret) return null;
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { id, secretHash: hashSecret(secret) };
}

/** 256 random bits need no slow hash. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function sameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === right.length && timingSafeEqual(left, right);
}
