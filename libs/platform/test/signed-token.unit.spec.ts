import { describe, expect, it } from '@jest/globals';
import { createTokenSigner } from '../index.js';

const KEY = 'a'.repeat(32);

describe('createTokenSigner', () => {
  it('gives back the claims until the token expires', () => {
    let now = 1_000_000;
    const signer = createTokenSigner(KEY, 'agent', () => now);
    const token = signer.sign({ bot: 'b1', action: 'exec' }, 30);
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(signer.verify(token)).toEqual({ bot: 'b1', action: 'exec' });
    now += 29_999;
    expect(signer.verify(token)).toEqual({ bot: 'b1', action: 'exec' });
    now += 1;
    expect(signer.verify(token)).toBeNull();
  });

  it('accepts no token of another purpose or key', () => {
    const token = createTokenSigner(KEY, 'agent').sign({}, 30);
    expect(createTokenSigner(KEY, 'download').verify(token)).toBeNull();
    expect(createTokenSigner('b'.repeat(32), 'agent').verify(token)).toBeNull();
  });

  it('accepts no altered or malformed token', () => {
    const signer = createTokenSigner(KEY, 'agent');
    const token = signer.sign({ bot: 'b1' }, 30);
    const [payload = '', signature = ''] = token.split('.');
    const forged = Buffer.from(JSON.stringify({ claims: { bot: 'b2' }, expiresAt: 9e15 })).toString('base64url');
    const wrong = ['', '.', 'a.b', payload, `${payload}.`, `.${signature}`, `${forged}.${signature}`, `${token}.x`];
    for (const candidate of [...wrong, 'x'.repeat(5000)]) expect(signer.verify(candidate)).toBeNull();
  });

  it('refuses to sign claims that no one would read', () => {
    expect(() => createTokenSigner(KEY, 'agent').sign({ note: 'x'.repeat(5000) }, 30)).toThrow(RangeError);
  });
});
