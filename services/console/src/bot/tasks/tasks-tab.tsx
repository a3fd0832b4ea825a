import type { Container } from '#client';

export function TasksTab({ container }: { container: Container }) {
  return <>{container.botId}</>;
}
