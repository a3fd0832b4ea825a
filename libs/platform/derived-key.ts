import { hkdfSync } from 'node:crypto';

/** One 256-bit key for each purpose, so that none serves two algorithms and none reveals another. */
export function deriveKey(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'berth', purpose, 32));
}
