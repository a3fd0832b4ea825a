import { describe, expect, it } from '@jest/globals';
import { createSecretBox, SealedTextError } from '../index.js';

const box = createSecretBox('a'.repeat(32));

describe('createSecretBox', () => {
  it.each(['', 'plain', 'ünïcode 🚢', 'x'.repeat(100_000)])('opens what it sealed (%#)', (text) => {
    expect(box.open(box.seal(text))).toBe(text);
    expect(box.open(new Uint8Array(box.seal(text)))).toBe(text);
  });

  it('seals the same text differently each time, and shows none of it', () => {
    const [one, two] = [box.seal('the secret'), box.seal('the secret')];
    expect(one.equals(two)).toBe(false);
    expect(one.toString('latin1')).not.toContain('the secret');
  });

  it('refuses a text with any single byte altered', () => {
    const sealed = box.seal('abc');
    for (let at = 0; at < sealed.length; at++) {
      const altered = Buffer.from(sealed);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      expect(() => box.open(altered)).toThrow(SealedTextError);
    }
  });

  it('refuses a text cut short, and one of another key', () => {
    const sealed = box.seal('abc');
    expect(() => box.open(sealed.subarray(0, 20))).toThrow('cut short');
    expect(() => box.open(sealed.subarray(0, sealed.length - 1))).toThrow('was altered');
    expect(() => createSecretBox('b'.repeat(32)).open(sealed)).toThrow('another BERTH_SECRET_KEY');
  });

  it('digests alike for one key only', () => {
    expect(box.digest('text')).toMatch(/^[0-9a-f]{64}$/);
    expect(box.digest('text')).toBe(createSecretBox('a'.repeat(32)).digest('text'));
    expect(box.digest('text')).not.toBe(createSecretBox('b'.repeat(32)).digest('text'));
    expect(box.digest('text')).not.toBe(box.digest('text2'));
  });
});
