import type { Container } from '#client';
import { Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { keys } from '../../live/keys';
import { useSession } from '../../session/session';
import { Confirm } from '../../ui/confirm';
import { notifyFailed } from '../../ui/notify';
import { addressOf, usePlace } from './address';
import { download, isHeavy, type Wanted } from './download';
import { FileBrowser } from './file-browser';
import { FileDialog } from './file-dialog';
import { NotRunning } from './not-running';
import { joined, nameOf, parentOf, plainPath, shownName } from './path';
import { TransfersPanel } from './transfers-panel';

/** The files of a bot: a directory, and a file that is open over it. */
export function FilesTab({ container }: { container: Container }) {
  const { client } = useSession();
  const cache = useQueryClient();
  const [, go] = useLocation();
  const { botId, status } = container;
  const { path, open } = usePlace();
  /** A file with changes that are not saved: it stays open whatever the address and the container do. */
  const [dirty, setDirty] = useState<string | null>(null);
  const [heavy, setHeavy] = useState<Wanted | null>(null);
  const isRunning = status === 'running';
  const addressed = open === null || open === '' ? null : plainPath(joined(path, open));
  const shown = dirty ?? (isRunning ? addressed : null);

  const save = (wanted: Wanted): void => {
    download(client, botId, wanted).catch((error: unknown) => {
      const isRefused = error instanceof DOMException && error.name === 'AbortError';
      if (!isRefused) notifyFailed(`${shownName(nameOf(wanted.path))} was not downloaded`, error);
    });
  };
  const start = (wanted: Wanted): void => (isHeavy(wanted) ? setHeavy(wanted) : save(wanted));
  return (
    <Stack>
      {isRunning ? <FileBrowser botId={botId} path={path} onDownload={start} /> : <NotRunning container={container} />}
      <TransfersPanel botId={botId} />
      {shown !== null && (
        <FileDialog
          key={shown}
          botId={botId}
          path={shown}
          dirty={dirty !== null}
          left={shown !== addressed}
          onDirty={(is) => setDirty(is ? shown : null)}
          onSaved={() => void cache.invalidateQueries({ queryKey: keys.files(botId, parentOf(shown)) })}
          onDownload={(size) => start({ path: shown, kind: 'file', size })}
          onStay={() => go(addressOf(botId, parentOf(shown), nameOf(shown)))}
          onClose={() => {
            setDirty(null);
            if (shown === addressed) go(addressOf(botId, path));
          }}
        />
      )}
      {heavy && (
        <Confirm
          title="Download all the same?"
          action="Download"
          keep="Cancel"
          danger={false}
          onConfirm={async () => save(heavy)}
          onClose={() => setHeavy(null)}
        >
          <Text size="sm">
            {heavy.size === null ? 'Nobody knows yet how large this folder is.' : 'This file is large.'} This browser
            cannot write it to the disk as it arrives, and holds all of it in memory first. Chrome and Edge can, where
            the console is opened by https or on this machine.
          </Text>
        </Confirm>
      )}
    </Stack>
  );
}
