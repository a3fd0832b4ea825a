import { BerthError, type FileEntry } from '#client';
import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useSession } from '../../session/session';
import { Confirm } from '../../ui/confirm';
import { Empty } from '../../ui/empty';
import { Loading } from '../../ui/loading';
import { notifyFailed } from '../../ui/notify';
import { Problem } from '../../ui/problem';
import { addressOf, START } from './address';
import { DeleteEntry } from './delete-entry';
import type { Wanted } from './download';
import type { Dropped } from './dropped';
import type { Ask } from './file-row';
import { FileTable } from './file-table';
import { MoveEntry } from './move-entry';
import { NewEntry } from './new-entry';
import { joined, shownName } from './path';
import { Toolbar } from './toolbar';
import { upload } from './upload';
import { useDirectory, whichExist } from './use-directory';
import { useDrop } from './use-drop';

type Asked =
  | { what: 'new'; kind: 'file' | 'folder' }
  | { what: 'move' | 'delete'; entry: FileEntry }
  | { what: 'replace'; files: Dropped[]; there: string[] };

/** One directory of a running container. */
export function FileBrowser({
  botId,
  path,
  onDownload,
}: {
  botId: string;
  path: string;
  onDownload: (wanted: Wanted) => void;
}) {
  const session = useSession();
  const { client } = session;
  const [, go] = useLocation();
  const { query, directory } = useDirectory(botId, path);
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = (): void => setAsked(null);
  const refresh = (): void => void query.refetch();
  const changed = (): void => {
    close();
    refresh();
  };

  const send = (files: Dropped[]): void => {
    if (!directory || files.length === 0) return;
    const names = files.map(({ name }) => name);
    whichExist(client, botId, directory, names).then(
      (there) => (there.length > 0 ? setAsked({ what: 'replace', files, there }) : upload(session, botId, path, files)),
      (error: unknown) => notifyFailed('Not uploaded', error),
    );
  };
  const over = useDrop(send, (error) => notifyFailed('What was dropped could not be read', error));

  /** Opens what a link leads to. */
  const follow = ({ name }: FileEntry): void => {
    const to = joined(path, name);
    client.bots
      .files(botId)
      .list(to, { limit: 1 })
      .then(
        () => go(addressOf(botId, to)),
        (error: unknown) => {
          if (error instanceof BerthError && error.code === 'file_conflict') return go(addressOf(botId, path, name));
          notifyFailed(`${shownName(name)} leads nowhere`, error);
        },
      );
  };
  const ask = (what: Ask, entry: FileEntry): void => {
    if (what === 'follow') return follow(entry);
    if (what !== 'download') return setAsked({ what, entry });
    const isFile = entry.type === 'file';
    onDownload({
      path: joined(path, entry.name),
      kind: isFile ? 'file' : 'directory',
      size: isFile ? entry.size : null,
    });
  };
  return (
    <Stack className={over ? 'files-over' : undefined} gap="sm">
      <Toolbar
        botId={botId}
        path={path}
        refreshing={query.isRefetching}
        onUpload={(files) => send(files.map((file) => ({ name: file.name, file })))}
        onNew={(kind) => setAsked({ what: 'new', kind })}
        onDownload={isKernels(path) ? null : () => onDownload({ path, kind: 'directory', size: null })}
        onRefresh={refresh}
      />
      {query.isError && (
        <Stack align="flex-start">
          <Problem error={query.error} onRetry={refresh} />
          {path !== START && (
            <Anchor component={Link} href={addressOf(botId, START)}>
              Go to {START}
            </Anchor>
          )}
        </Stack>
      )}
      {directory === null ? (
        !query.isError && <Loading />
      ) : directory.entries.length === 0 ? (
        <Empty title="Nothing here yet">
          Drop files anywhere on this page to upload them, make a new file or folder, or let the bot write here.
          {path === START && ' What is in /data stays when the container is deleted and made again.'}
        </Empty>
      ) : (
        <>
          <FileTable key={path} botId={botId} directory={directory} onAsk={ask} />
          <Group justify="space-between">
            <Text size="sm" c="dimmed" role="status">
              {over
                ? `Drop to upload into ${shownName(path)}`
                : `${directory.entries.length}${directory.whole ? '' : ' and more'} ${directory.entries.length === 1 && directory.whole ? 'entry' : 'entries'}. Drop files anywhere to upload them here.`}
            </Text>
            {!directory.whole && (
              <Button
                size="compact-sm"
                variant="default"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                Load more
              </Button>
            )}
          </Group>
        </>
      )}
      {asked?.what === 'new' && (
        <NewEntry
          botId={botId}
          directory={path}
          kind={asked.kind}
          onClose={close}
          onMade={(name) => {
            changed();
            if (asked.kind === 'file') go(addressOf(botId, path, name));
          }}
        />
      )}
      {asked?.what === 'move' && (
        <MoveEntry botId={botId} path={joined(path, asked.entry.name)} onClose={close} onMoved={changed} />
      )}
      {asked?.what === 'delete' && (
        <DeleteEntry botId={botId} directory={path} entry={asked.entry} onClose={close} onDeleted={changed} />
      )}
      {asked?.what === 'replace' && (
        <Confirm
          title={asked.there.length === 1 ? 'Replace a file?' : `Replace ${asked.there.length} files?`}
          action="Upload and replace"
          onConfirm={async () => upload(session, botId, path, asked.files)}
          onClose={close}
        >
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {shownName(path)} has {asked.there.slice(0, 10).map(shownName).join(', ')}
            {asked.there.length > 10 && ` and ${asked.there.length - 10} more`} already. What is in{' '}
            {asked.there.length === 1 ? 'it' : 'them'} now is lost.
          </Text>
        </Confirm>
      )}
    </Stack>
  );
}

/** The root, and what belongs to the kernel: no archives are made of them. */
function isKernels(path: string): boolean {
  return path === '/' || ['proc', 'sys', 'dev'].includes(path.split('/')[1] ?? '');
}
