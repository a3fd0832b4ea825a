import type { BerthClient, FileEntry } from '#client';
import { BerthError } from '#client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';
import { joined } from './path';

/** Pages that are read without being asked for, so that most directories are sorted as a whole. */
const PAGES = 5;

export interface Directory {
  path: string;
  entries: FileEntry[];
  /** Whether there are no more than these. */
  whole: boolean;
}

/** A directory, page by page. */
export function useDirectory(botId: string, path: string) {
  const { client } = useSession();
  const query = useInfiniteQuery({
    queryKey: keys.files(botId, path),
    queryFn: ({ pageParam, signal }) =>
      client.bots
        .files(botId)
        .list(path, { limit: 1000, ...(pageParam !== null && { cursor: pageParam }) }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query;
  const count = data?.pages.length ?? 0;
  useEffect(() => {
    if (count > 0 && count < PAGES && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [count, hasNextPage, isFetching, isError, fetchNextPage]);
  const directory = useMemo<Directory | null>(
    () => (data ? { path, entries: data.pages.flatMap(({ entries }) => entries), whole: !hasNextPage } : null),
    [data, path, hasNextPage],
  );
  return { query, directory };
}

/** Whether something is at a path: writing and moving replace files without a word. */
export async function exists(client: BerthClient, botId: string, path: string): Promise<boolean> {
  try {
    const answer = await client.bots.files(botId).read(path, { range: { from: 0, to: 0 } });
    await answer.body?.cancel();
    return true;
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    if (error.code === 'file_not_found') return false;
    // A directory, or an empty file, which has no first byte.
    if (error.code === 'file_conflict' || error.code === 'range_not_satisfiable') return true;
    throw error;
  }
}

/** Those of the names that are in the directory already. */
export async function whichExist(
  client: BerthClient,
  botId: string,
  directory: Directory,
  names: string[],
): Promise<string[]> {
  const known = new Set(directory.entries.map(({ name }) => name));
  if (directory.whole) return names.filter((name) => known.has(name));
  const found = await Promise.all(
    names.map(async (name) => known.has(name) || (await exists(client, botId, joined(directory.path, name)))),
  );
  return names.filter((_, index) => found[index]);
}
