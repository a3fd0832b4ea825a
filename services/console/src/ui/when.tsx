import { Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { ago } from './format';

let now = Date.now();
const listeners = new Set<() => void>();
setInterval(() => {
  now = Date.now();
  for (const listener of listeners) listener();
}, 1_000);
const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** The time, once a second for all that show one. Milliseconds since the epoch. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** How long ago; the exact time on a closer look. */
export function When({ at }: { at: string }) {
  const time = useNow();
  return (
    <Tooltip label={new Date(at).toLocaleString()}>
      <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>
        {ago(at, time)}
      </time>
    </Tooltip>
  );
}
