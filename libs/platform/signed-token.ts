import { createHmac, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './derived-key.js';

export interface TokenSigner {
  sign(claims: object, ttlSeconds: number): string;
  /** Null where the token is malformed, altered, expired, or was signed for another purpose. Never throws. */
  verify(token: string): Record<string, unknown> | null;
}

/** Longer ones are refused unread. */
const MAX_TOKEN_CHARS = 4096;

/** Compact tokens, `<claims>.<HMAC-SHA256>`, base64url. They are signed, not encrypted: put no secret in. */
export function createTokenSigner(secretKey: string, purpose: string, now: () => number = Date.now): TokenSigner {
  const key = deriveKey(secretKey, `signed-token/${purpose}/v1`);
  const mac = (payload: string) => createHmac('sha256', key).update(payload).digest();

  return {
    sign(claims, ttlSeconds) {
      const envelope = { claims, expiresAt: now() + ttlSeconds * 1000 };
      const payload = Buffer.from(JSON.stringify(envelope)).toString('base64url');
      const token = `${payload}.${mac(payload).toString('base64url')}`;
      if (token.length > MAX_TOKEN_CHARS)
        throw new RangeError(`The claims make a token of ${token.length} characters.`);
      return token;
    },
    verify(token) {
      if (token.length > MAX_TOKEN_CHARS) return null;
      const [payload, signature, ...rest] = token.split('.');
      if (!payload || !signature || rest.length > 0) return null;
      const given = Buffer.from(signature, 'base64url');
      const expected = mac(payload);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
      const envelope = parse(payload);
      return envelope !== null && envelope.expiresAt > now() ? envelope.claims : null;
    },
  };
}

function parse(payload: string): { claims: Record<string, unknown>; expiresAt: number } | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (!isRecord(value) || !isRecord(value['claims']) || typeof value['expiresAt'] !== 'number') return null;
    return { claims: value['claims'], expiresAt: value['expiresAt'] };
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
