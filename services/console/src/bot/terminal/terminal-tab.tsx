import type { Container } from '#client';

export function TerminalTab({ container }: { container: Container }) {
  return <>{container.botId}</>;
}
