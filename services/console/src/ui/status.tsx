import type { Container, Operation } from '#client';
import { Badge, Loader } from '@mantine/core';

type Status =
  Container['status'] | Operation['status'] | 'ready' | 'cordoned' | 'draining' | 'down' | 'exited' | 'killed' | 'lost';

const COLOURS: Partial<Record<Status, string>> = {
  running: 'teal',
  succeeded: 'teal',
  ready: 'teal',
  paused: 'yellow',
  queued: 'gray',
  stopped: 'gray',
  absent: 'gray',
  exited: 'gray',
  cancelled: 'gray',
  cordoned: 'yellow',
  draining: 'yellow',
  failed: 'red',
  killed: 'orange',
  lost: 'red',
  down: 'red',
  unknown: 'orange',
};
const UNDER_WAY = new Set<string>([
  'creating',
  'starting',
  'stopping',
  'restarting',
  'pausing',
  'resuming',
  'restoring',
  'deleting',
]);

/** A status as a word and a colour; never a colour alone. */
export function StatusBadge({ status, busy = UNDER_WAY.has(status) }: { status: Status; busy?: boolean }) {
  return (
    <Badge
      className="status"
      variant="outline"
      color={COLOURS[status] ?? 'cyan'}
      leftSection={busy ? <Loader size={10} color="currentColor" aria-hidden /> : <Dot />}
      tt="none"
      data-status={status}
    >
      {status}
    </Badge>
  );
}

function Dot() {
  return (
    <span
      aria-hidden
      style={{ width: 7, height: 7, borderRadius: 4, background: 'currentColor', display: 'inline-block' }}
    />
  );
}
