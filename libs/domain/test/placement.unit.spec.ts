import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BOT_ID_PATTERN,
  containerName,
  dataVolumeName,
  hostName,
  nameChoices,
  NODE_STATUSES,
  place,
  Refusal,
  refuseTooLarge,
  verbOf,
  type NodeCandidate,
} from '../index.js';

const node = (id: string, facts: Partial<NodeCandidate> = {}, memoryMb = 0, cpus = 0): NodeCandidate => ({
  id,
  status: 'ready',
  size: { cpus: 8, memoryMb: 16_384 },
  ceiling: { cpus: null, memoryMb: null },
  reserved: { cpus, memoryMb, containers: 1 },
  ...facts,
});
const wanted = { cpus: 1, memoryMb: 512, pids: 64 };

function refusal(run: () => unknown): Pick<Refusal, 'code' | 'message' | 'extra'> {
  try {
    run();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('place', () => {
  test('takes the node with the least promised memory, then the first by name', () => {
    expect(place([node('c', {}, 100), node('b', {}, 50), node('a', {}, 50), node('d', {}, 70)], wanted)).toBe('a');
  });

  test('fills a ceiling to the brim and not beyond', () => {
    const ceiling = { cpus: 2, memoryMb: 1024 };
    const full = { code: 'no_capacity', extra: {} };
    expect(place([node('a', { ceiling }, 512, 1)], wanted)).toBe('a');
    expect(refusal(() => place([node('a', { ceiling }, 513, 1)], wanted))).toMatchObject(full);
    expect(refusal(() => place([node('a', { ceiling }, 512, 1.1)], wanted))).toMatchObject(full);
    expect(place([node('a', { ceiling }, 513), node('b', {}, 9_999)], wanted)).toBe('b');
  });

  test('promises one node’s size to many, and to none more than all of it', () => {
    const size = { cpus: 1, memoryMb: 512 };
    expect(place([node('a', { size }, 9_999, 9)], wanted)).toBe('a');
    expect(place([node('a', { size }), node('b', {}, 9_999)], { ...wanted, cpus: 1.01 })).toBe('b');
    expect(place([node('a', { size }), node('b', {}, 9_999)], { ...wanted, memoryMb: 513 })).toBe('b');
    expect(place([node('a', { size: { cpus: null, memoryMb: null } })], { ...wanted, cpus: 999 })).toBe('a');
  });

  test.each([
    [{ cpus: 9, memoryMb: 1 }, 'cpus, 8 CPUs and 100 MiB'],
    [{ cpus: 1, memoryMb: 300 }, 'memory, 4 CPUs and 200 MiB'],
    [{ cpus: 5, memoryMb: 150 }, 'memory, 4 CPUs and 200 MiB'],
    [{ cpus: 9, memoryMb: 300 }, 'cpus, 8 CPUs and 100 MiB'],
  ])('names the largest node where none is large enough: %j', (asked, largest) => {
    const nodes = [
      node('memory', { size: { cpus: 4, memoryMb: 200 } }),
      // What may be promised there is less than what it has.
      node('cpus', { size: { cpus: 32, memoryMb: 100 }, ceiling: { cpus: 8, memoryMb: null }, status: 'down' }),
    ];
    const { code, message, extra } = refusal(() => place(nodes, { ...asked, pids: 64 }));
    expect({ code, extra }).toEqual({ code: 'no_capacity', extra: { retryable: false } });
    expect(message).toContain(`for ${asked.cpus} CPUs and ${asked.memoryMb} MiB: the largest, `);
    expect(message.replace(' has', '')).toContain(largest);
  });

  test('has hope for what is large enough and not ready', () => {
    const nodes = [node('a', { size: { cpus: 0.5, memoryMb: 64 } }), node('b', { status: 'cordoned' })];
    expect(refusal(() => place(nodes, wanted))).toMatchObject({ code: 'no_capacity', extra: {} });
  });

  test.each(NODE_STATUSES.filter((status) => status !== 'ready'))('passes over a node that is %s', (status) => {
    expect(place([node('a', { status }), node('b', {}, 9_999)], wanted)).toBe('b');
    expect(refusal(() => place([node('a', { status })], wanted)).code).toBe('node_unavailable');
  });

  test('tells no node from no room', () => {
    expect(refusal(() => place([], wanted)).code).toBe('node_unavailable');
    const ceiling = { cpus: 0.5, memoryMb: null };
    const nodes = [node('a', { ceiling }), node('b', { status: 'down' })];
    expect(refusal(() => place(nodes, wanted)).code).toBe('no_capacity');
  });

  test('leaves the list as it was', () => {
    const nodes = [node('b', {}, 2), node('a', {}, 1)];
    place(nodes, wanted);
    expect(nodes.map(({ id }) => id)).toEqual(['b', 'a']);
  });
});

test('a bot that has its node is refused what that could never hold', () => {
  expect(() => refuseTooLarge(node('a', {}, 99_999, 99), { ...wanted, cpus: 8 })).not.toThrow();
  const { code, message, extra } = refusal(() => refuseTooLarge(node('a'), { ...wanted, cpus: 8.5 }));
  expect({ code, extra }).toEqual({ code: 'no_capacity', extra: { retryable: false } });
  expect(message).toContain('node a, which has 8 CPUs and 16384 MiB');
});

const slug = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const botId = fc.stringMatching(BOT_ID_PATTERN);
const named = fc.record({ tenantSlug: slug, botId });

describe('names', () => {
  test('are as documented', () => {
    const alice = { tenantSlug: 'acme', botId: 'alice' };
    expect(containerName(alice, 3)).toBe('berth-acme-alice-3');
    expect(dataVolumeName(alice)).toBe('berth-acme-alice-data');
    expect(hostName('a.b_c')).toBe('a-b-c');
    expect(verbOf('container.start')).toBe('start');
  });

  test('never belong to two', () => {
    fc.assert(
      fc.property(named, named, fc.nat(99), fc.nat(99), (a, b, i, j) => {
        const same = a.tenantSlug === b.tenantSlug && a.botId === b.botId;
        expect(containerName(a, i) === containerName(b, j)).toBe(same && i === j);
        expect(dataVolumeName(a) === dataVolumeName(b)).toBe(same);
        expect(dataVolumeName(a)).not.toBe(containerName(b, j));
      }),
    );
    const [short, long] = [
      { tenantSlug: 'acme', botId: 'a' },
      { tenantSlug: 'acme', botId: 'a-1' },
    ];
    expect(containerName(short, 11)).not.toBe(containerName(long, 1));
    expect(dataVolumeName(long)).not.toBe(dataVolumeName({ ...short, botId: 'a-1-data' }));
  });

  test('are the plain ones first, then ones that another installation does not have', () => {
    const ids = fc.uuid({ version: 7 });
    fc.assert(
      fc.property(named, ids, ids, (one, here, there) => {
        const [plain, second] = nameChoices({ ...one, tenantId: here });
        expect(plain).toEqual(one);
        const other = nameChoices({ ...one, tenantId: there })[1];
        expect(second?.tenantSlug === other?.tenantSlug).toBe(here.slice(-8) === there.slice(-8));
        expect(second && containerName(second, 1)).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
        expect(second?.tenantSlug).not.toContain('-');
      }),
    );
  });

  test('are such as Docker and a resolver take', () => {
    fc.assert(
      fc.property(named, (one) => {
        expect(containerName(one, 1)).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);
        expect(hostName(one.botId)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      }),
    );
    expect(hostName(`a${'.'.repeat(62)}b`)).toBe('a');
  });
});
