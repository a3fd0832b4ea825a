import type { Snapshot, SnapshotRestore } from '#client';
import { bytes } from '../../ui/format';

/** What a restore resets, at the beginning of a sentence. */
export const RESET: Record<NonNullable<SnapshotRestore['scope']>, string> = {
  all: 'The root filesystem and the data',
  container: 'The root filesystem',
  data: 'The data',
};

export const ORIGINS: Record<Snapshot['origin'], string> = {
  manual: 'taken on request',
  safety: 'taken before a restore',
  scheduled: 'taken on schedule',
};

/** Of the root filesystem and of the data. None while nothing is known. */
export function sizesOf({ sizeBytes, dataSizeBytes, scope }: Snapshot): string[] {
  if (sizeBytes === 0) return [];
  const root = `${bytes(Math.max(0, sizeBytes - dataSizeBytes))} root`;
  return scope === 'all' ? [root, `${bytes(dataSizeBytes)} data`] : [root];
}

export function scopeOf({ scope }: Snapshot): string {
  return scope === 'all' ? 'root and data' : 'root alone';
}
