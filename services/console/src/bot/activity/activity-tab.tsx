import type { Container } from '#client';

export function ActivityTab({ container }: { container: Container }) {
  return <>{container.botId}</>;
}
