import type { Container } from '#client';

export function FilesTab({ container }: { container: Container }) {
  return <>{container.botId}</>;
}
