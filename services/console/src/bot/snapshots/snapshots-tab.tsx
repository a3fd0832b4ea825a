import type { Container } from '#client';

export function SnapshotsTab({ container }: { container: Container }) {
  return <>{container.botId}</>;
}
