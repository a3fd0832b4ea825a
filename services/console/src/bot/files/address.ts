import { useSearchParams } from 'wouter';
import { plainPath } from './path';

/** Where browsing begins: what outlives the container. */
export const START = '/data';

/** The address of a directory of a bot, or of a file that is open in it. */
export function addressOf(botId: string, path: string, open?: string): string {
  const params = new URLSearchParams({ path, ...(open !== undefined && { open }) });
  return `/bots/${encodeURIComponent(botId)}/files?${params.toString()}`;
}

/** Which directory, and which file in it, the address tells. */
export function usePlace(): { path: string; open: string | null } {
  const [params] = useSearchParams();
  return { path: plainPath(params.get('path') ?? START), open: params.get('open') };
}
