import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { deriveKey } from './derived-key.js';

export interface SecretBox {
  seal(plaintext: string): Buffer;
  /** Throws SealedTextError where the text was altered, cut short or sealed with another key. */
  open(sealed: Uint8Array): string;
  /** HMAC-SHA256, as hex: to look up a secret without keeping it. */
  digest(text: string): string;
}

export class SealedTextError extends Error {
  override readonly name = 'SealedTextError';
}

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** AES-256-GCM. A sealed text is: version (1 byte), nonce (12), tag (16), ciphertext. */
export function createSecretBox(secretKey: string): SecretBox {
  const sealingKey = deriveKey(secretKey, 'secret-box/seal/v1');
  const digestKey = deriveKey(secretKey, 'secret-box/digest/v1');
  const version = Buffer.of(VERSION);

  return {
    seal(plaintext) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, sealingKey, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(version);
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      return Buffer.concat([version, nonce, cipher.getAuthTag(), body]);
    },
    open(sealed) {
      if (sealed.length < HEADER_BYTES) throw new SealedTextError('The sealed text is cut short.');
      if (sealed[0] !== VERSION) throw new SealedTextError(`The sealed text has the unknown version ${sealed[0]}.`);
      const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, sealingKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(version);
      decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, HEADER_BYTES));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new SealedTextError('The sealed text was altered, or sealed with another BERTH_SECRET_KEY.', { cause });
      }
    },
    digest(text) {
      return createHmac('sha256', digestKey).update(text).digest('hex');
    },
  };
}
