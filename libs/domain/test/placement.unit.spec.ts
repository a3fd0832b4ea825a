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
  verbOf,
  type NodeCandidate,
} from '../index.js';

const node = (id: string, facts: Partial<NodeCandidate> = {}, memoryMb = 0, cpus = 0): NodeCandidate => ({
  id,
  status: 'ready',
  ceiling: { cpus: null, memoryMb: null },
  reserved: { cpus, memoryMb, containers: 1 },
  ...facts,
});
const wanted = { cpus: 1, memoryMb: 512, pids: 64 };

describe('place', () => {
  test('takes the node with the least promised memory, then the first by name', () => {
    expect(place([node('c', {}, 100), node('b', {}, 50), node('a', {}, 50), node('d', {}, 70)], wanted)).toBe('a');
  });

  test('fills a ceiling to the brim and not beyond', () => {
    const ceiling = { cpus: 2, memoryMb: 1024 };
    expect(place([node('a', { ceiling }, 512, 1)], wanted)).toBe('a');
    expect(place([node('a', { ceiling }, 513, 1)], wanted)).toBeNull();
    expect(place([node('a', { ceiling }, 512, 1.1)], wanted)).toBeNull();
    expect(place([node('a', { ceiling }, 513), node('b', {}, 9_999)], wanted)).toBe('b');
  });

  test.each(NODE_STATUSES.filter((status) => status !== 'ready'))('passes over a node that is %s', (status) => {
    expect(place([node('a', { status }), node('b', {}, 9_999)], wanted)).toBe('b');
    expect(place([node('a', { status })], wanted)).toBe('none_ready');
  });

  test('tells no node from no room', () => {
    expect(place([], wanted)).toBe('none_ready');
    expect(
      place([node('a', { ceiling: { cpus: 0.5, memoryMb: null } }), node('b', { status: 'down' })], wanted),
    ).toBeNull();
  });

  test('leaves the list as it was', () => {
    const nodes = [node('b', {}, 2), node('a', {}, 1)];
    place(nodes, wanted);
    expect(nodes.map(({ id }) => id)).toEqual(['b', 'a']);
  });
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
