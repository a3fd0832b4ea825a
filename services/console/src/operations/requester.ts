import type { Operation } from '#client';

/** Who asked for it, in words. */
export function requester({ type, name }: Operation['requestedBy']): string {
  switch (type) {
    case 'apiKey':
      return name === 'operator' ? 'the operator' : `the key “${name}”`;
    case 'ticket':
      return `a ticket of “${name}”`;
    case 'system':
      return `Berth itself (${name})`;
  }
}
