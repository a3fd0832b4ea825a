import { describe, expect, it } from '@jest/globals';
import { waitFor } from '../wait-for.js';

describe('waitFor', () => {
  it('returns what the condition answered once it held', async () => {
    let asked = 0;
    expect(await waitFor(() => (++asked === 3 ? 'yes' : null), { what: 'the third', everyMs: 1 })).toBe('yes');
  });

  it('takes an error for not yet, and tells it at the end', async () => {
    const never = waitFor(() => Promise.reject(new Error('still closed')), {
      what: 'the door',
      deadlineMs: 20,
      everyMs: 5,
    });
    await expect(never).rejects.toThrow('Waited 20 ms in vain for the door; at last still closed.');
  });
});
